import { buildServer, type Server } from '#lib/server/http-server.ts'
import { unnoticed } from '#lib/server/route-config.ts'
import type { ServerConfig } from '#lib/settings/settings.ts'

/**
 * An app that listens at once and is built, once, for the first request: what nobody has asked for yet slows down no start.
 *
 * @param build loads and builds what is to answer
 */
export function onDemand (config: ServerConfig, build: () => Promise<Server>): Server {
  const app = buildServer(config)
  let built: Promise<Server> | undefined

  // No body is read here: the app that was built reads it.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', { config: unnoticed }, async (request, reply) => {
    // Single flight: the first requests of a page come together.
    built ??= build().then(async server => {
      await server.ready()
      return server
    })
    const { routing } = await built
    reply.hijack()
    request.raw.url = request.originalUrl
    routing(request.raw, reply.raw)
  })
  app.addHook('preClose', async () => { await (await built)?.close() })
  return app
}
