import type { FastifyPluginAsync } from 'fastify'
import { putAway } from './log.ts'

/** Where logs are put away: a folder that the web server serves as well, as nobody has noticed. */
export const logRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/backup/shop.log', { config: { endpoint: 'log' } }, async ({ attempt }, reply) =>
    reply.type('text/plain; charset=utf-8').send(putAway(attempt).map(line => `${line}\n`).join('')))

  // Debugging was left on, and its log lies where the pages lie.
  app.get('/a/:attempt/debug.log', { config: { endpoint: 'debug_log' } }, async ({ attempt: { memory: { debugLog } } }, reply) =>
    reply.type('text/plain; charset=utf-8').send(debugLog.map(line => `${line}\n`).join('')))
}
