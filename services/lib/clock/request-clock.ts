import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { runAt, type Clock } from './clock.ts'

/**
 * `onRequest` hook: `Date` by our clock. Browsers reckon the `Expires` of a cookie from it, so that what a service with
 * another clock gives them neither dies at once nor outlives what it stands for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
 */
export async function dateByOurClock (_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.raw.setHeader('date', new Date().toUTCString())
}

/**
 * Have each request handled by a clock of its own in place of that of the process.
 *
 * @param app whose routes registered from now on are meant
 * @param clockOf which one, as far as an `onRequest` hook can know
 */
export function handleByClock (app: FastifyInstance, clockOf: (request: FastifyRequest) => Clock): void {
  app.addHook('onRequest', (request, _reply, done) => runAt(clockOf(request), done))
}
