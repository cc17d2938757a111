import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Hook of addresses that do something when a browser opens them, which the protocol wants to be so: they use up a code, say.
 * HEAD, by which mail filters and link checkers look ahead, must do nothing of the kind.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
 */
export function refuseHead (request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.method !== 'HEAD') return done()
  const { server, routeOptions: { url = '' } } = request
  const allow = server.hasRoute({ method: 'POST', url }) ? 'GET, POST' : 'GET'
  reply.code(405).headers({ allow, 'cache-control': 'no-store' }).send({ error: 'method_not_allowed' })
}
