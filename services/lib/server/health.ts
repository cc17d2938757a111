import fp from 'fastify-plugin'
import { unnoticed } from './route-config.ts'

const config = { ...unnoticed, catchUp: false } as const

/**
 * `GET /livez`: the process is up. `GET /readyz`: it can do its work, or 503 and why it cannot.
 *
 * @param options.notReady why the service is not ready, or nothing when it is
 */
export const health = fp<{ notReady?: () => string | undefined }>(async (app, { notReady }) => {
  app.get('/livez', { config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { status: 'up' }
  })

  app.get('/readyz', { config }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const reason = notReady?.()
    if (reason === undefined) return { status: 'ready' }
    reply.code(503).header('retry-after', '1')
    return { status: 'not ready', reason }
  })
}, { name: 'health' })
