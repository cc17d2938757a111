import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/schema.ts'
import { PlatformError } from '../errors.ts'
import { recordExchanges, type Exchanges } from '../auth/exchanges.ts'
import type { OidcClient } from '../auth/oidc.ts'
import type { Tokens } from '../auth/tokens.ts'
import { refuse } from './token-exchange.ts'

const body = Type.Object({
  refreshToken: Type.String({ minLength: 1 }),
  // Required by the Platform API's model, yet left out by Genesys' mobile SDK.
  deploymentId: Type.Optional(Type.String())
})

/**
 * A new Genesys JWT for a user whose sign-in the identity provider renews (`postWebdeploymentsTokenRefresh`). The refresh
 * token stays as it is.
 */
export const tokenRefresh: FastifyPluginAsyncTypebox<{
  oidc: OidcClient
  tokens: Tokens
  /** where what happens is recorded, in a lab */
  exchanges?: Exchanges | undefined
}> = async (app, { oidc, tokens, exchanges }) => {
  const note = recordExchanges(app, 'refresh', exchanges)

  app.post('/api/v2/webdeployments/token/refresh', { schema: { body } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { refreshToken, deploymentId } = request.body
    const grant = await tokens.find(refreshToken)
    if (!grant) {
      throw new PlatformError(401, { reason: 'the refresh token is unknown: it has expired, was revoked, or was refused before' })
    }
    note(request, { deploymentId: grant.deploymentId, reason: 'the identity provider has renewed the sign-in' })
    if (deploymentId !== undefined && deploymentId !== grant.deploymentId) {
      throw new PlatformError(401, { reason: 'the refresh token was issued for another deployment' })
    }

    const jwt = await tokens.refresh(grant, oidc).catch(refuse)
    if (jwt === undefined) throw new PlatformError(401, { reason: 'the user has signed out of Messenger meanwhile' })
    return { jwt }
  })
}
