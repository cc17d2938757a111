import { randomBytes } from 'node:crypto'
import { loginOf, type Preset } from './preset.ts'

/**
 * Okta, its org authorization server.
 *
 * @see https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/
 */
export const okta: Preset = {
  settings: {
    // https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#token-lifetime
    // The code: https://developer.okta.com/docs/reference/api/oidc/#response-properties
    token_lifetimes: { access_token: 3_600, id_token: 3_600, refresh_token: 90 * 86_400, code: 300 },
    // With an access token beside it an ID token has of the scopes' claims these alone; the rest is at the userinfo endpoint.
    // https://developer.okta.com/docs/reference/api/oidc/#scope-dependent-claims-not-always-returned
    // So are the groups: https://developer.okta.com/docs/concepts/api-access-management/#tokens-and-scopes
    id_token_claims: ['ver', 'jti', 'idp', 'name', 'preferred_username', 'email'],
    // https://developer.okta.com/docs/api/oauth2
    scopes: { openid: ['ver', 'jti', 'idp'], groups: ['groups'] }
  },
  // https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#id-token
  claimsOf: user => ({ ...user.claims, preferred_username: loginOf(user) }),
  inIdToken: () => ({ ver: 1, jti: `ID.${randomBytes(15).toString('base64url')}`, idp: '00o1a2b3c4D5E6F7g8h9' }),
  // A response has state, code and tokens, and no iss: https://developer.okta.com/docs/reference/api/oidc/#response-properties
  namesIssuerInResponses: false,
  // request_uri is what /par has answered: https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/OrgAS
  pushedRequests: 'allowed',
  // A web application's refresh token is persistent unless rotation is chosen.
  // https://developer.okta.com/docs/guides/refresh-tokens/main/#get-a-refresh-token
  rotatesRefreshTokens: false,
  // https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/orgas/logout
  asksAtSignOut: false
}
