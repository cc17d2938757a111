import type { FastifyPluginAsync } from 'fastify'
import type { AccessTokens } from '../sessions/access-tokens.ts'
import { Refusal } from '../refusal.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import { requireSession } from '../plugins/browser-session.ts'

/** An example of a call with the access token: what the identity provider knows of the person now. */
export const profileRoutes: FastifyPluginAsync<{
  providers: IdentityProviders
  accessTokens: AccessTokens
}> = async (app, { providers, accessTokens }) => {
  app.get('/api/profile', { preHandler: requireSession }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const session = request.signedIn!
    const provider = providers.of(session.issuer)
    const { sub } = session.user

    const accessToken = await accessTokens.of(session)
    try {
      return await provider.fetchProfile(accessToken, sub)
    } catch (error) {
      // The provider may end a token before its time.
      if (!(error instanceof Refusal) || error.error !== 'invalid_token') throw error
      return provider.fetchProfile(await accessTokens.of(session, accessToken), sub)
    }
  })
}
