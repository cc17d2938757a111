import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '#lib/validation/schema.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { activeDeployment } from '../deployments/lookup.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import { recordExchanges, type ExchangeLog } from './exchange-log.ts'
import type { ImplicitResponse, OidcClient, Redemption } from './oidc-client.ts'
import type { RedeemedCodes } from './redeemed-codes.ts'
import { throwPlatformError } from './throw-platform-error.ts'
import type { Tokens } from './tokens.ts'

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

/**
 * A Genesys JWT for an authorization code of the identity provider, or for an ID token of its implicit flow
 * (`postWebdeploymentsTokenOauthcodegrantjwtexchange`).
 */
export const exchangeRoutes: FastifyPluginAsyncTypebox<{
  deployments: Deployment[]
  oidc: OidcClient
  redeemedCodes: RedeemedCodes
  tokens: Tokens
  /** where what happens is recorded, in a lab */
  exchangeLog?: ExchangeLog | undefined
}> = async (app, { deployments, oidc, redeemedCodes, tokens, exchangeLog }) => {
  const note = recordExchanges(app, 'exchange', exchangeLog)

  app.post('/api/v2/webdeployments/token/oauthcodegrantjwtexchange', { schema: { body } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { deploymentId, oauth } = request.body
    const presented = presentedIn(oauth)
    const deployment = activeDeployment(deployments, deploymentId)
    if (!deployment) throw new PlatformError(404, { reason: 'there is no such active deployment' })
    if (!deployment.auth.enabled) throw unauthorized('the deployment has authentication switched off')

    if ('idToken' in presented) {
      if (!deployment.auth.implicitFlow) throw unauthorized('implicit flow must be on for an idToken, and is off')
      const { identity, expiresIn } = await oidc.validateIdToken(presented).catch(throwPlatformError)
      note(request, { reason: 'the ID token is valid' })
      return await tokens.issue({ deploymentId: deployment.id, identity, accessTokenExpiresIn: expiresIn })
    }

    if (deployment.auth.implicitFlow) throw unauthorized('implicit flow must be off for the code flow, and is on')
    const { identity, original, accessTokenExpiresIn, refreshToken } =
      await redeemedCodes.once(presented.code, () => oidc.redeemAuthorizationCode(presented)).catch(throwPlatformError)
    note(request, {
      reason: 'the code was redeemed, and the ID token is valid',
      ...(refreshToken === undefined && withoutRefreshToken)
    })
    return await tokens.issue({ deploymentId: deployment.id, identity, original, accessTokenExpiresIn, idpRefreshToken: refreshToken })
  })
}

const withoutRefreshToken = {
  hint: 'The identity provider gave no refresh token, so the page will be asked for a code when the JWT ends. ' +
    'Ask for the scope offline_access, and allow the client the grant refresh_token.'
}

/** The one of both that a page has. */
function presentedIn (oauth: Static<typeof body>['oauth']): Redemption | ImplicitResponse {
  const { code, idToken, redirectUri, nonce, maxAge, codeVerifier, iss } = oauth
  // "Required if present in the authentication request, otherwise must be empty", says the model of the Platform API.
  const request = { nonce: nonce || undefined, maxAge, iss: iss || undefined }
  if (code !== undefined && idToken !== undefined) throw badRequest('oauth must have code or idToken, not both')
  if (idToken !== undefined) {
    // https://openid.net/specs/openid-connect-core-1_0.html#ImplicitAuthRequest
    if (request.nonce === undefined) throw badRequest('oauth must have nonce with idToken')
    return { ...request, idToken, nonce: request.nonce }
  }
  if (code === undefined) throw badRequest('oauth must have code')
  if (redirectUri === undefined || !URL.canParse(redirectUri)) throw badRequest('oauth must have redirectUri, a URL')
  return { ...request, code, redirectUri, codeVerifier }
}

const unauthorized = (reason: string) => new PlatformError(401, { reason })

const badRequest = (message: string) => new PlatformError(400, { message, reason: message })
