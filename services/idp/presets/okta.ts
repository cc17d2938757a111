import { randomBytes } from 'node:crypto'
import { loginOf, type Preset } from './preset.ts'

/**
 * Okta, its org authorization server.
 *
 * @see https://developer.okta.com/docs/reference/api/oidc/
 */
export const okta: Preset = {
  settings: {
    // https://developer.okta.com/docs/reference/api/oidc/#token-lifetime
    token_lifetimes: { access_token: 3_600, id_token: 3_600, refresh_token: 90 * 86_400 },
    // With an access token beside it an ID token has of the scopes' claims these alone; the rest is at the userinfo endpoint.
    // https://developer.okta.com/docs/reference/api/oidc/#scope-dependent-claims-not-always-returned
    id_token_claims: ['ver', 'jti', 'idp', 'name', 'preferred_username', 'email', 'groups'],
    scopes: { openid: ['ver', 'jti', 'idp'], groups: ['groups'] }
  },
  // https://developer.okta.com/docs/reference/api/oidc/#id-token-payload
  claimsOf: user => ({ ...user.claims, preferred_username: loginOf(user) }),
  inIdToken: () => ({ ver: 1, jti: `ID.${randomBytes(15).toString('base64url')}`, idp: '00o1a2b3c4D5E6F7g8h9' }),
  // https://developer.okta.com/docs/reference/api/oidc/#authorize names state, code and tokens in a response, and no iss.
  namesIssuerInResponses: false,
  // https://developer.okta.com/docs/guides/configure-par/main/
  pushedRequests: 'allowed',
  // A web application's refresh token is persistent unless rotation is chosen.
  // https://developer.okta.com/docs/guides/refresh-tokens/main/#refresh-token-rotation
  rotatesRefreshTokens: false,
  // https://developer.okta.com/docs/reference/api/oidc/#logout
  asksAtSignOut: false
}
