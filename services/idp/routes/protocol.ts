import type { FastifyPluginAsync } from 'fastify'
import type { Provider } from 'oidc-provider'

/** The endpoints of OpenID Connect, all of them oidc-provider's. */
export const protocolRoutes: FastifyPluginAsync<{ provider: Provider }> = async (app, { provider }) => {
  const issuer = new URL(provider.issuer)
  const handle = provider.callback()

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
    'GET /me': 'userinfo endpoint',
    'POST /me': 'userinfo endpoint',
    'POST /token/introspection': 'introspection endpoint',
    'POST /token/revocation': 'revocation endpoint',
    'GET /session/end': 'end-session endpoint',
    'POST /session/end/confirm': 'answer to the sign-out page',
    'GET /session/end/success': 'after a sign-out without a way back'
  }

  for (const endpoint of Object.keys(endpoints)) {
    const [method, url] = endpoint.split(' ') as ['GET' | 'POST', string]
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        // Discovery names its endpoints after the request's host. There is one name for this provider, its issuer, so what
        // the client or a proxy called it does not count.
        request.raw.headers['x-forwarded-host'] = issuer.host
        request.raw.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1)
        reply.hijack()
        await handle(request.raw, reply.raw)
      }
    })
  }
}
