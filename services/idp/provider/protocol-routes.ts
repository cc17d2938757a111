import type { IncomingMessage } from 'node:http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { handedOverOf } from './extensions/hand-over-to-fastify.ts'
import { confirmationOf } from './extensions/leave-out-sign-out-question.ts'
import { withPosted } from './posted-form-routes.ts'

/**
 * The endpoints of OpenID Connect, all of them oidc-provider's. It is asked for everything that is nobody else's, as it knows
 * best which endpoints it has, by which methods, and which of them browsers ask before a page of another origin may call.
 */
export const protocolRoutes: FastifyPluginAsync = async app => {
  takeBodiesAsTheyAre(app)
  app.all('/*', async (request, reply) => {
    const isOfRealm = 'realm' in (request.params as object)
    const url = isOfRealm ? request.url.replace(/^\/realms\/[^/?]+/, '') : request.url
    return await answer(request, reply, await withPosted(url, request.realm.store))
  })
}

/**
 * The metadata of issuers below a path, where RFC 8414 puts it: at the root, with the path of the issuer at the end.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3.1
 */
export const insertedWellKnownRoutes: FastifyPluginAsync<{ basePath: string }> = async (app, { basePath }) => {
  takeBodiesAsTheyAre(app)
  const document = '/.well-known/oauth-authorization-server'
  const paths = [`${document}${basePath}/realms/:realm`, ...(basePath === '' ? [] : [`${document}${basePath}`])]
  for (const path of paths) app.all(path, async (request, reply) => await answer(request, reply, document))
}

/** oidc-provider reads bodies itself. */
function takeBodiesAsTheyAre (app: Parameters<FastifyPluginAsync>[0]): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

/** @param url of the endpoint, below the issuer */
async function answer (request: FastifyRequest, reply: FastifyReply, url: string) {
  const { handle, issuer, mountPath } = request.realm
  // Discovery names its endpoints after the request's host. There is one name for this provider, its issuer, so what
  // the client or a proxy called it does not count.
  const { host, protocol } = new URL(issuer)
  request.raw.headers['x-forwarded-host'] = host
  request.raw.headers['x-forwarded-proto'] = protocol.slice(0, -1)
  await handle(mounted(request.raw, mountPath, url), reply.raw)
  const confirmation = confirmationOf(request.raw, mountPath)
  if (confirmation) {
    // The session is kept once more, and ended by the next line.
    reply.raw.removeHeader('set-cookie')
    await handle(confirmation, reply.raw)
  }
  const handedOver = handedOverOf(confirmation ?? request.raw)
  if (!handedOver) return reply.hijack()
  if ('error' in handedOver) throw handedOver.error
  return reply.callNotFound()
}

/**
 * The request as an issuer below a path has it.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#mounting-oidc-provider
 */
function mounted (request: IncomingMessage, mountPath: string, url: string): IncomingMessage {
  return Object.assign(request, { originalUrl: mountPath + url, url })
}
