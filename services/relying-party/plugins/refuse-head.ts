import type { onRequestHookHandler } from 'fastify'

/**
 * Hook of addresses that do something when a browser opens them, which the protocol wants to be so: they use up a code, say.
 * HEAD, by which mail filters and link checkers look ahead, must do nothing of the kind.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
 */
export const refuseHead: onRequestHookHandler = (request, reply, done) => {
  if (request.method !== 'HEAD') return done()
  reply.code(405).headers({ allow: 'GET', 'cache-control': 'no-store' }).send()
}
