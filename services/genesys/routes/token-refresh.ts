import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { PlatformError } from '../errors.ts'
import type { Tokens } from '../tokens.ts'

const body = Type.Object({
  refreshToken: Type.String({ minLength: 1 }),
  // Required by the Platform API's model, yet left out by Genesys' mobile SDK.
  deploymentId: Type.Optional(Type.String())
})

/** A new Genesys JWT (`postWebdeploymentsTokenRefresh`). The refresh token stays as it is. */
export const tokenRefresh: FastifyPluginAsyncTypebox<{ tokens: Tokens }> = async (app, { tokens }) => {
  app.post('/api/v2/webdeployments/token/refresh', { schema: { body } }, async ({ body }, reply) => {
    reply.header('cache-control', 'no-store')
    const refreshed = await tokens.refresh(body.refreshToken, body.deploymentId)
    if (!refreshed) throw new PlatformError(401, { reason: 'the refresh token is unknown, expired, revoked or of another deployment' })
    return refreshed
  })
}
