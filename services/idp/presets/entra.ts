import { randomBytes, randomUUID } from 'node:crypto'
import { guidOf, loginOf, type Preset, type TokenError } from './preset.ts'

// https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes#aadsts-error-codes
const codes: [RegExp, number, string][] = [
  [/^missing required/, 900144, 'The request body must contain the parameters of the grant. The app is attempting to sign in without the necessary or correct authentication parameters.'],
  [/^the code was redeemed/, 54005, 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.'],
  [/^(the code has expired|there is no such)/, 70008, 'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.'],
  [/code_verifier/, 501481, 'The Code_Verifier does not match the code_challenge supplied in the authorization request.'],
  [/^redirect_uri/, 50011, 'The redirect URI specified in the request does not match the redirect URIs configured for the application.']
]

const otherwise: Record<string, [number, string]> = {
  invalid_client: [7000215, 'Invalid client secret is provided.'],
  invalid_scope: [70011, 'The provided value for the input parameter scope is not valid.'],
  unsupported_grant_type: [70003, 'The app returned an unsupported grant type.'],
  invalid_request: [9002313, 'Invalid request. Request is malformed or invalid.']
}

/** @see https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes#handling-error-codes-in-your-application */
function tokenError ({ error, error_description: why = '' }: TokenError) {
  const [, code, words] = codes.find(([pattern]) => pattern.test(why)) ?? [undefined, ...otherwise[error] ?? [70000, 'The provided grant is invalid.'] as [number, string]]
  const [traceId, correlationId] = [randomUUID(), randomUUID()]
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`
  return {
    error,
    // In lines, which RFC 6749 has not: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    error_description: [`AADSTS${code}: ${words}`, `Trace ID: ${traceId}`, `Correlation ID: ${correlationId}`, `Timestamp: ${timestamp}`].join('\r\n'),
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`
  }
}

/** What the userinfo endpoint has of a user: https://learn.microsoft.com/en-us/entra/identity-platform/userinfo#userinfo-response */
const atUserinfo = new Set(['name', 'given_name', 'family_name', 'picture', 'email'])

/**
 * Microsoft Entra ID, the v2.0 endpoints of one tenant.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc
 */
export const entra: Preset = {
  settings: {
    // Access tokens have 60 to 90 minutes, and 75 on the average.
    // https://learn.microsoft.com/en-us/entra/identity-platform/configurable-token-lifetimes#access-tokens
    // https://learn.microsoft.com/en-us/entra/identity-platform/configurable-token-lifetimes#configurable-token-lifetime-properties
    // https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-lifetime
    // The code: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response
    token_lifetimes: { access_token: 4_500, id_token: 3_600, refresh_token: 90 * 86_400, code: 600 },
    // https://learn.microsoft.com/en-us/entra/identity-platform/id-token-claims-reference#payload-claims
    // The parts of a name are optional claims, which an application has to choose: https://learn.microsoft.com/en-us/entra/identity-platform/optional-claims-reference#v20-specific-optional-claims-set
    id_token_claims: ['tid', 'ver', 'uti', 'rh', 'groups', 'roles', 'name', 'preferred_username', 'oid', 'email'],
    scopes: {
      openid: ['tid', 'ver', 'uti', 'rh', 'groups', 'roles'],
      profile: ['name', 'preferred_username', 'oid', 'given_name', 'family_name', 'picture'],
      email: ['email']
    }
  },
  claimsOf: ({ claims }) => Object.fromEntries(Object.entries(claims).filter(([name]) => atUserinfo.has(name))),
  inIdToken: (_clientId, user) => ({
    ...user.claims,
    preferred_username: loginOf(user),
    oid: guidOf(`user ${user.sub}`),
    ver: '2.0',
    tid: guidOf('tenant'),
    uti: randomBytes(16).toString('base64url'),
    rh: `1.${randomBytes(24).toString('base64url')}.`
  }),
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response
  namesIssuerInResponses: false,
  // The documentation says nothing of it; the metadata that it shows are abridged, and have no endpoint for it.
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#sample-response
  pushedRequests: 'off',
  // A used one is not revoked: https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens#token-lifetime
  rotatesRefreshTokens: false,
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request
  asksAtSignOut: false,
  tokenError
}
