import fp from 'fastify-plugin'
import { isDraining } from './graceful-close.ts'
import { unnoticed } from './route-config.ts'

const config = { ...unnoticed, catchUp: false } as const

/**
 * `GET /livez`: the process is up. `GET /readyz`: it can do its work, or 503 and why it cannot; without any answer where it is about to
 * end, since that has a proxy ask another one, where 503 would be passed on.
 *
 * @param options.notReady why the service is not ready, or nothing when it is
 */
export const health = fp<{ notReady?: () => string | undefined }>(async (app, { notReady }) => {
  app.get('/livez', { config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'up' }
  })

  app.get('/readyz', { config }, async ({ raw }, reply) => {
    if (isDraining(app.server)) {
      reply.hijack()
      raw.socket.destroy()
      return reply
    }
    reply.header('cache-control', 'no-store')
    const reason = notReady?.()
    if (reason === undefined) return { status: 'ready' }
    reply.code(503).header('retry-after', '1')
    return { status: 'not ready', reason }
  })
}, { name: 'health' })
