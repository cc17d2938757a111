import createError from '@fastify/error'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { createFetch } from '#lib/outbound/outbound.ts'
import { basePathOf } from '#lib/server/request-target.ts'
import { unnoticed } from '#lib/server/route-config.ts'

const NotThere = createError('NOT_THERE', '%s', 404)

// Who waits for the ledger may wait for a minute.
const headersTimeoutMs = 65_000
const fetch = createFetch({ timeouts: { connect: 2_000, headers: headersTimeoutMs }, userAgent: 'console' })

// All that is said of a call. What else a browser sends is about itself and the console: cookies, `Origin`, `X-Forwarded-*`.
const requestHeaders = ['accept', 'content-type'] as const
const answerHeaders = ['content-type', 'retry-after'] as const

/**
 * Pass-through to the control API of the identity provider, at the same paths: the browser talks to the console alone.
 *
 * `@fastify/reply-from` passes on whatever it is not told to leave out, where this is the other way round, and it brings an undici
 * beside that whose connections the lab has.
 *
 * @param options.issuer the issuer at the root; realms are below it
 */
export const controlApiRoutes: FastifyPluginAsync<{ issuer: string }> = async (app, { issuer }) => {
  const base = new URL(issuer).origin + basePathOf(issuer)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.get('/lab/realm-events', { exposeHeadRoute: false }, async () => {
    throw new NotThere('The console says at /running which realms there are; the events of realms are at the identity provider.')
  })
  for (const prefix of ['', '/realms/:realm']) {
    app.get(`${prefix}/lab/ledger/events`, { exposeHeadRoute: false }, async () => {
      throw new NotThere('The console has events of its own, /journeys/events; those of the ledger are at the identity provider.')
    })
    app.route({ method: ['GET'], url: `${prefix}/lab/*`, exposeHeadRoute: false, config: unnoticed, handler: passOn })
    app.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE'], url: `${prefix}/lab/*`, handler: passOn })
    app.delete(`${prefix}/lab`, passOn)
  }

  async function passOn ({ method, url, headers, body, log }: FastifyRequest, reply: FastifyReply) {
    const target = new URL(base + url)
    // Path traversal: dot segments, encoded ones among them, would lead out of the control API wherever they are resolved.
    if (target.origin + target.pathname !== base + url.split('?', 1)[0]!) throw new NotThere('This is no path of the control API.')
    try {
      const answer = await fetch(target, {
        method,
        redirect: 'manual',
        headers: requestHeaders.flatMap((name): [string, string][] => headers[name] === undefined ? [] : [[name, headers[name]]]),
        ...(Buffer.isBuffer(body) && { body })
      })
      const content = Buffer.from(await answer.arrayBuffer())
      reply.code(answer.status)
      for (const name of answerHeaders) reply.header(name, answer.headers.get(name) ?? undefined)
      return await reply.send(content)
    } catch (error) {
      log.warn(`the control API cannot be asked: ${error instanceof Error ? String(error.cause ?? error) : error}`)
      return await reply.code(502).send({
        error: 'temporarily_unavailable', error_description: `The identity provider does not answer at ${issuer}. Start it, and try again.`
      })
    }
  }
}
