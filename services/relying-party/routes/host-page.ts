import { join } from 'node:path'
import type { FastifyPluginAsync } from 'fastify'
import fastifyStatic from '@fastify/static'
import { makeQuiet } from '#lib/http-server.ts'
import { basePathOf } from '#lib/request-target.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { framedBy } from '../plugins/security-headers.ts'

/** The page that people see, as it lies in `public`. */
export const hostPageRoutes: FastifyPluginAsync<{ config: RelyingPartyConfig }> = async (app, { config }) => {
  app.addHook('onRoute', makeQuiet)
  const basePath = basePathOf(config.app)
  // What the page refers to is relative to its own address.
  app.addHook('onRequest', async (request, reply) => {
    const [path, query] = request.originalUrl.split('?', 2)
    if (basePath !== '' && path === basePath) return reply.redirect(`${config.app}/${query === undefined ? '' : `?${query}`}`, 302)
  })
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, '..', 'public'),
    allowedPath: path => !path.endsWith('tsconfig.json'),
    setHeaders: reply => { reply.header('cache-control', 'no-cache') }
  })

  app.get('/messenger/frame', { onRequest: framedBy(() => ["'self'"]) }, (_request, reply) =>
    reply.sendFile('messenger-frame.html'))
}
