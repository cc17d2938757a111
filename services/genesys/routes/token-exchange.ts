import { Type, type FastifyPluginAsyncTypebox, type Static } from '@fastify/type-provider-typebox'
import { activeDeployment, type Deployment } from '../deployments.ts'
import { PlatformError } from '../errors.ts'
import { identityOf } from '../identity.ts'
import { RedemptionError, type OidcClient, type Redemption } from '../oidc.ts'
import type { Tokens } from '../tokens.ts'

const body = Type.Object({
  deploymentId: Type.String({ minLength: 1 }),
  oauth: Type.Object({
    code: Type.Optional(Type.String({ minLength: 1 })),
    idToken: Type.Optional(Type.String({ minLength: 1 })),
    redirectUri: Type.Optional(Type.String({ minLength: 1 })),
    nonce: Type.Optional(Type.String()),
    maxAge: Type.Optional(Type.Integer({ minimum: 0 })),
    codeVerifier: Type.Optional(Type.String({ minLength: 43, maxLength: 128 })),
    iss: Type.Optional(Type.String())
  })
})

/** An authorization code of the identity provider for a Genesys JWT (`postWebdeploymentsTokenOauthcodegrantjwtexchange`). */
export const tokenExchange: FastifyPluginAsyncTypebox<{ deployments: Deployment[], oidc: OidcClient, tokens: Tokens }> =
  async (app, { deployments, oidc, tokens }) => {
    app.post('/api/v2/webdeployments/token/oauthcodegrantjwtexchange', { schema: { body } }, async ({ body }, reply) => {
      reply.header('cache-control', 'no-store')
      const redemption = redemptionIn(body.oauth)
      const deployment = activeDeployment(deployments, body.deploymentId)
      if (!deployment) throw new PlatformError(404, { reason: 'there is no such active deployment' })
      if (!deployment.auth.enabled) throw new PlatformError(401, { reason: 'the deployment has authentication switched off' })

      const { claims, accessTokenExpiresIn, refreshToken } = await redeem(redemption)
      return await tokens.issue({
        deploymentId: deployment.id,
        identity: identityOf(claims),
        accessTokenExpiresIn,
        idpRefreshToken: refreshToken
      })
    })

    async function redeem (redemption: Redemption) {
      try {
        return await oidc.redeemAuthorizationCode(redemption)
      } catch (error) {
        if (!(error instanceof RedemptionError)) throw error
        // All that a page gets to see: Genesys gives no cause either.
        const status = error.reason === 'unavailable' ? 503 : 401
        throw new PlatformError(status, { reason: error.message, cause: error })
      }
    }
  }

function redemptionIn ({ code, idToken, redirectUri, nonce, maxAge, codeVerifier, iss }: Static<typeof body>['oauth']): Redemption {
  if (code !== undefined && idToken !== undefined) throw badRequest('oauth must have code or idToken, not both')
  // Our choice: the deployment's integration has the implicit flow switched off, as the code flow demands.
  if (idToken !== undefined) throw badRequest('implicit flow is not enabled')
  if (code === undefined) throw badRequest('oauth must have code')
  if (redirectUri === undefined || !URL.canParse(redirectUri)) throw badRequest('oauth must have redirectUri, a URL')
  // "Required if present in the authentication request, otherwise must be empty", says the model of the Platform API.
  return { code, redirectUri, nonce: nonce || undefined, maxAge, codeVerifier, iss: iss || undefined }
}

const badRequest = (message: string) => new PlatformError(400, { message, reason: message })
