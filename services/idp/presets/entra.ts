import { randomBytes, randomUUID } from 'node:crypto'
import { guidOf, loginOf, type Preset, type TokenError } from './preset.ts'

// https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes#aadsts-error-codes
const codes: [RegExp, number, string][] = [
  [/^the code was redeemed/, 54005, 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.'],
  [/^(the code has expired|there is no such)/, 70008, 'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.'],
  [/code_verifier/, 501481, 'The Code_Verifier does not match the code_challenge supplied in the authorization request.'],
  [/^redirect_uri/, 50011, 'The redirect URI specified in the request does not match the redirect URIs configured for the application.']
]

const otherwise: Record<string, [number, string]> = {
  invalid_client: [7000215, 'Invalid client secret is provided.'],
  invalid_scope: [70011, 'The provided value for the input parameter scope is not valid.'],
  unsupported_grant_type: [70003, 'The app returned an unsupported grant type.'],
  invalid_request: [900144, 'The request body must contain the parameters that the grant takes.']
}

/** @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#error-response-1 */
function tokenError ({ error, error_description: why = '' }: TokenError) {
  const [, code, words] = codes.find(([pattern]) => pattern.test(why)) ?? [undefined, ...otherwise[error] ?? [70000, 'The provided grant is invalid.'] as [number, string]]
  const [traceId, correlationId] = [randomUUID(), randomUUID()]
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`
  return {
    error,
    error_description: `AADSTS${code}: ${words} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`
  }
}

/**
 * Microsoft Entra ID, the v2.0 endpoints of one tenant.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
 */
export const entra: Preset = {
  settings: {
    // https://learn.microsoft.com/en-us/entra/identity-platform/configurable-token-lifetimes#configurable-token-lifetime-properties
    token_lifetimes: { access_token: 4_500, id_token: 3_600, refresh_token: 90 * 86_400 },
    id_token_claims: 'all',
    // https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference#payload-claims
    scopes: {
      openid: ['tid', 'ver', 'uti', 'rh', 'groups', 'roles'],
      profile: ['name', 'preferred_username', 'oid', 'given_name', 'family_name', 'picture'],
      email: ['email']
    }
  },
  claimsOf: user => ({ ...user.claims, preferred_username: loginOf(user), oid: guidOf(`user ${user.sub}`) }),
  inIdToken: () => ({
    ver: '2.0', tid: guidOf('tenant'), uti: randomBytes(16).toString('base64url'), rh: `1.${randomBytes(24).toString('base64url')}.`
  }),
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response
  namesIssuerInResponses: false,
  // No endpoint for it is in the provider metadata: https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#sample-response
  pushedRequests: 'off',
  // A used one is not revoked: https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-lifetime
  rotatesRefreshTokens: false,
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request
  asksAtSignOut: false,
  tokenError
}
