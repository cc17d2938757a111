import type { IncomingMessage } from 'node:http'
import type { FastifyPluginAsync } from 'fastify'

/** The endpoints of OpenID Connect, all of them oidc-provider's. */
export const protocolRoutes: FastifyPluginAsync = async app => {
  // oidc-provider reads bodies itself.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  const endpoints = {
    'GET /.well-known/openid-configuration': 'discovery',
    'GET /jwks': 'signing keys',
    'GET /auth': 'authorization endpoint',
    'GET /auth/:uid': 'authorization endpoint, after a sign-in or consent page',
    'POST /request': 'pushed authorization request endpoint',
    'POST /token': 'token endpoint',
    'POST /device/auth': 'device authorization endpoint',
    'GET /device': 'page for the code that a device shows',
    'POST /device': 'answer to that page',
    'GET /device/:uid': 'the same, after a sign-in or consent page',
    'GET /me': 'userinfo endpoint',
    'POST /me': 'userinfo endpoint',
    'POST /token/introspection': 'introspection endpoint',
    'POST /token/revocation': 'revocation endpoint',
    'GET /session/end': 'end-session endpoint',
    'POST /session/end/confirm': 'answer to the sign-out page',
    'GET /session/end/success': 'after a sign-out without a way back',
    'POST /reg': 'client registration endpoint',
    'GET /reg/:clientId': 'client configuration endpoint',
    'PUT /reg/:clientId': 'client configuration endpoint',
    'DELETE /reg/:clientId': 'client configuration endpoint',
    // What browsers ask before a page of another origin, a public client, may call.
    'OPTIONS /token': 'token endpoint',
    'OPTIONS /me': 'userinfo endpoint',
    'OPTIONS /request': 'pushed authorization request endpoint',
    'OPTIONS /token/revocation': 'revocation endpoint'
  }

  for (const endpoint of Object.keys(endpoints)) {
    const [method, url] = endpoint.split(' ') as ['GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS', string]
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const { handle, issuer, mountPath, settings } = request.realm
        if (url.startsWith('/reg') && !settings.value.dynamic_client_registration) return reply.callNotFound()
        // Discovery names its endpoints after the request's host. There is one name for this provider, its issuer, so what
        // the client or a proxy called it does not count.
        const { host, protocol } = new URL(issuer)
        request.raw.headers['x-forwarded-host'] = host
        request.raw.headers['x-forwarded-proto'] = protocol.slice(0, -1)
        reply.hijack()
        await handle(mounted(request.raw, mountPath), reply.raw)
      }
    })
  }
}

/**
 * The request as an issuer below a path has it.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#mounting-oidc-provider
 */
function mounted (request: IncomingMessage, mountPath: string): IncomingMessage {
  const url = request.url!.replace(/^\/realms\/[^/?]+/, '')
  return Object.assign(request, { originalUrl: mountPath + url, url })
}
