import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import { recordExchanges, type ExchangeLog } from './exchange-log.ts'
import type { OidcClient } from './oidc-client.ts'
import { throwPlatformError } from './throw-platform-error.ts'
import type { Tokens } from './tokens.ts'

const body = Type.Object({
  refreshToken: Type.String({ minLength: 1 }),
  // Required by the Platform API's model, yet left out by Genesys' mobile SDK.
  deploymentId: Type.Optional(Type.String())
})

/**
 * A new Genesys JWT for a user whose sign-in the identity provider renews (`postWebdeploymentsTokenRefresh`). The refresh
 * token stays as it is.
 */
export const refreshRoutes: FastifyPluginAsyncTypebox<{
  oidc: OidcClient
  tokens: Tokens
  /** where what happens is recorded, in a lab */
  exchangeLog?: ExchangeLog | undefined
}> = async (app, { oidc, tokens, exchangeLog }) => {
  const note = recordExchanges(app, 'refresh', exchangeLog)

  app.post('/api/v2/webdeployments/token/refresh', { schema: { body } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { refreshToken, deploymentId } = request.body
    const grant = await tokens.find(refreshToken)
    if (!grant) {
      throw new PlatformError(401, { reason: 'the refresh token is unknown: it has expired, was revoked, or was refused before' })
    }
    note(request, { deploymentId: grant.deploymentId, reason: 'the identity provider has renewed the sign-in' })
    if (deploymentId !== undefined && deploymentId.toLowerCase() !== grant.deploymentId) {
      throw new PlatformError(401, { reason: 'the refresh token was issued for another deployment' })
    }

    const jwt = await tokens.refresh(grant, oidc).catch(throwPlatformError)
    if (jwt === undefined) throw new PlatformError(401, { reason: 'the user has signed out of Messenger meanwhile' })
    return { jwt }
  })
}
