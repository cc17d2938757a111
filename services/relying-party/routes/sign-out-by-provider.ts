import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { decodeJwt } from 'jose'
import { refuseHead } from '#lib/server/refuse-head.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Store } from '#lib/store/store.ts'
import { Refusal } from '../refusal.ts'
import { framedBy } from '../plugins/content-security.ts'
import type { IdentityProvider } from '../oidc/identity-provider.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import type { UserSessions } from '../sessions/user-sessions.ts'

/** The identity provider says that somebody has signed out there. */
export const signOutByProviderRoutes: FastifyPluginAsyncTypebox<{
  providers: IdentityProviders
  sessions: UserSessions
  store: Store
}> = async (app, { providers, sessions, store }) => {
  const seen = store.collection<true>('logout-tokens')

  // https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
  app.post('/backchannel-logout', {
    schema: { body: Type.Object({ logout_token: Type.String({ maxLength: 20_000 }) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const provider = issuerOf(request.body.logout_token, providers)
    const { sid, sub, jti, exp } = await provider.checkLogoutToken(request.body.logout_token)
    const name = `${provider.issuer} ${jti}`
    const isNew = await seen.add(name, true, { ttl: Math.max(exp - Date.now() / 1000, 0) + 60 }).catch(err => {
      // To end sessions twice does less harm than not to end them.
      request.log.error({ err }, 'a logout token could not be remembered')
      return true
    })
    if (!isNew) throw new Refusal('invalid_request', { description: 'the logout token was used before' })
    await sessions.endByProvider(provider.issuer, { sid, sub }, { signed: true }).catch(async error => {
      // Then it has not been of use, and may come again.
      await seen.delete(name).catch(() => {})
      throw error
    })
    return reply.send()
  })

  // The page is in a frame of the provider's, where browsers withhold our cookie. So it is the sid that counts, and without
  // one nothing ends: anybody could open this address in a frame.
  // https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout
  app.get('/frontchannel-logout', {
    onRequest: [refuseHead, framedBy(() => providers.all.flatMap(({ origins }) => origins))],
    schema: {
      querystring: Type.Object({
        // They belong together, but Entra ID sends the sid alone. Nobody else can know it.
        iss: Type.Optional(Type.String({ maxLength: 2000 })),
        sid: Type.String({ minLength: 1, maxLength: 500 })
      })
    }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { iss, sid } = request.query
    const provider = iss === undefined ? providers.main : providers.of(iss)
    await sessions.endByProvider(provider.issuer, { sid })
    return reply.type('text/html').send('<!doctype html><title>Signed out</title>')
  })
}

/** Whose token it says that it is, to be checked with the keys of that provider. */
function issuerOf (token: string, providers: IdentityProviders): IdentityProvider {
  try {
    return providers.of(String(decodeJwt(token).iss))
  } catch (error) {
    throw new Refusal('invalid_request', { description: 'the logout token is of no provider that we know', cause: error })
  }
}
