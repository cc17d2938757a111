import type { Preset } from './preset.ts'

/** Claims of one's own have to be named by a URL. */
const namespace = 'https://example.com/'

const ofOpenIdConnect = new Set([
  'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website', 'gender',
  'birthdate', 'zoneinfo', 'locale', 'updated_at', 'email', 'email_verified', 'phone_number', 'phone_number_verified', 'address'
])

/** @see https://auth0.com/docs */
export const auth0: Preset = {
  settings: {
    // https://auth0.com/docs/secure/tokens/access-tokens/update-access-token-lifetime
    // https://auth0.com/docs/secure/tokens/id-tokens/update-id-token-lifetime
    // https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-expiration
    token_lifetimes: { access_token: 86_400, id_token: 36_000, refresh_token: 30 * 86_400 },
    // https://auth0.com/docs/secure/tokens/id-tokens/id-token-structure
    id_token_claims: 'all',
    // https://auth0.com/docs/get-started/apis/scopes/openid-connect-scopes#standard-claims
    scopes: { openid: ['groups', 'roles', 'permissions'].map(name => namespace + name) }
  },
  // https://auth0.com/docs/secure/tokens/json-web-tokens/create-custom-claims
  // https://auth0.com/docs/manage-users/user-accounts/user-profiles/normalized-user-profile-schema
  claimsOf: ({ username, claims }) => Object.fromEntries([
    ['nickname', username.split('@')[0]],
    ['updated_at', new Date(typeof claims['updated_at'] === 'number' ? claims['updated_at'] * 1_000 : 0).toISOString()],
    ...Object.entries(claims).filter(([name]) => name !== 'updated_at')
      .map(([name, value]) => [ofOpenIdConnect.has(name) || /^https?:/.test(name) ? name : namespace + name, value])
  ]),
  inIdToken: () => ({}),
  // https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow/add-login-auth-code-flow#response
  namesIssuerInResponses: false,
  // https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow/authorization-code-flow-with-par
  pushedRequests: 'allowed',
  // https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation
  rotatesRefreshTokens: false,
  // https://auth0.com/docs/authenticate/login/logout/log-users-out-of-auth0#logout-consent-prompt
  asksAtSignOut: true
}
