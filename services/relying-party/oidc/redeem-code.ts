import * as client from 'openid-client'
import type { ProviderConfig } from '../config.ts'
import { Refusal } from '../refusal.ts'
import { meetsAcr, type AuthenticationRequirements } from './authentication-requirements.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { checkIssueTime } from './issue-time.ts'
import { aboutThePerson, wellTyped } from './standard-claims.ts'
import { tokensOf, type Tokens } from './redeemed-tokens.ts'

/** What a redeemed code tells. */
export interface SignIn {
  issuer: string
  /** claims about the person, `sub` among them */
  user: client.UserInfoResponse
  /** the provider's own session, by which it can say that this one is over */
  sid: string | undefined
  tokens: Tokens
}

/**
 * Redeem the code of an authorization response. openid-client checks state, `iss`, PKCE, nonce, `auth_time` and the ID token with
 * its signature; what it leaves to its user is checked here.
 *
 * @param options.callback the URL that the response came to, with the response
 * @param options.request what it must be the response to
 * @throws what openid-client does, and a `Refusal` where one of our own checks says no
 */
export async function redeemCode (configuration: client.Configuration, { callback, request, provider, requirements }: {
  callback: URL
  request: AuthorizationRequest
  provider: ProviderConfig
  requirements: AuthenticationRequirements
}): Promise<SignIn> {
  const maxAge = maxAgeOf(request, requirements)
  const answer = await client.authorizationCodeGrant(configuration, callback, {
    expectedState: request.state,
    expectedNonce: request.nonce,
    pkceCodeVerifier: request.codeVerifier,
    ...(maxAge !== undefined && { maxAge }),
    idTokenExpected: true
  })
  const claims = answer.claims()!
  checkAuthorizedParty(claims, provider)
  checkIssueTime(claims, provider)
  checkAcr(claims, requirements)
  return {
    issuer: provider.issuer,
    user: await userOf(configuration, answer.access_token, claims),
    sid: sidOf(claims),
    tokens: tokensOf(answer, answer.id_token!)
  }
}

/** Who has signed in since they were sent away has done so recently enough, however long they took over it. */
function maxAgeOf ({ startedAt }: AuthorizationRequest, { maxAge }: AuthenticationRequirements): number | undefined {
  return maxAge === undefined ? undefined : Math.max(maxAge, Math.ceil((Date.now() - startedAt) / 1000))
}

/**
 * openid-client looks at azp only where there are several audiences.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, step 5
 */
function checkAuthorizedParty ({ azp }: client.IDToken, { clientId }: ProviderConfig): void {
  if (azp === undefined || azp === clientId) return
  throw new Refusal('invalid_id_token', { description: 'the ID token was issued to another application (azp)' })
}

function checkAcr ({ acr }: client.IDToken, requirements: AuthenticationRequirements): void {
  if (meetsAcr(requirements, acr)) return
  throw new Refusal('unmet_authentication_requirements', {
    description: 'the ID token does not say that the person has signed in in the way that was asked for (acr)'
  })
}

const sidOf = ({ sid }: client.IDToken) => typeof sid === 'string' && sid !== '' ? sid : undefined

/** Claims about the person: those of the ID token and, where there is such an endpoint, of userinfo. */
async function userOf (
  configuration: client.Configuration, accessToken: string, claims: client.IDToken
): Promise<client.UserInfoResponse> {
  const { sub } = claims
  if (!configuration.serverMetadata().userinfo_endpoint) return { ...aboutThePerson(claims), sub }
  // The subject of the ID token must be that of the userinfo response too.
  // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
  return { ...aboutThePerson(claims), ...wellTyped(await client.fetchUserInfo(configuration, accessToken, sub)) }
}
