import type { Preset } from './preset.ts'

/** Claims of one's own are recommended to have a URL for a name; `groups`, `roles` and `permissions` can have no other. */
const namespace = 'https://example.com/'

const ofOpenIdConnect = new Set([
  'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website', 'gender',
  'birthdate', 'zoneinfo', 'locale', 'updated_at', 'email', 'email_verified', 'phone_number', 'phone_number_verified', 'address'
])

/** @see https://auth0.com/docs/authenticate/protocols/openid-connect-protocol */
export const auth0: Preset = {
  settings: {
    // https://auth0.com/docs/secure/tokens/access-tokens/update-access-token-lifetime#configure-access-token-lifetime
    // https://auth0.com/docs/secure/tokens/id-tokens/update-id-token-lifetime
    // The value that an application starts from once its refresh tokens expire at all:
    // https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-expiration#use-the-dashboard
    token_lifetimes: { access_token: 86_400, id_token: 36_000, refresh_token: 30 * 86_400 },
    // https://auth0.com/docs/get-started/apis/scopes/openid-connect-scopes#standard-claims
    id_token_claims: 'all',
    // https://auth0.com/docs/secure/tokens/json-web-tokens/create-custom-claims#general-restrictions
    scopes: { openid: ['groups', 'roles', 'permissions'].map(name => namespace + name) }
  },
  // nickname: https://auth0.com/docs/manage-users/user-accounts/user-profiles/normalized-user-profile-schema
  // updated_at: https://auth0.com/docs/get-started/apis/scopes/sample-use-cases-scopes-and-claims#authenticate-a-user-and-request-standard-claims
  claimsOf: ({ username, claims }) => Object.fromEntries([
    ['nickname', (typeof claims['email'] === 'string' ? claims['email'] : username).split('@')[0]],
    ['updated_at', new Date(typeof claims['updated_at'] === 'number' ? claims['updated_at'] * 1_000 : 0).toISOString()],
    ...Object.entries(claims).filter(([name]) => name !== 'updated_at')
      .map(([name, value]) => [ofOpenIdConnect.has(name) || /^https?:/.test(name) ? name : namespace + name, value])
  ]),
  inIdToken: () => ({}),
  // https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow/add-login-auth-code-flow#response
  namesIssuerInResponses: false,
  // Off until a tenant turns it on: https://auth0.com/docs/get-started/applications/configure-par
  pushedRequests: 'off',
  // Off until an application turns it on: https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation#configure-in-the-dashboard
  rotatesRefreshTokens: false,
  // https://auth0.com/docs/authenticate/login/logout/log-users-out-of-auth0#logout-consent-prompt
  asksAtSignOut: true
}
