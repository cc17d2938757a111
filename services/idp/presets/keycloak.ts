import { randomUUID } from 'node:crypto'
import type { Preset } from './preset.ts'

/**
 * Keycloak, a realm with its defaults.
 *
 * @see https://www.keycloak.org/docs/latest/server_admin/
 */
export const keycloak: Preset = {
  settings: {
    // https://www.keycloak.org/docs/latest/server_admin/#_timeouts says what they are, and a new realm has these.
    token_lifetimes: { access_token: 300, id_token: 300, refresh_token: 1_800, code: 60 },
    // The mappers of the client scopes add the claims to the ID token too.
    // https://www.keycloak.org/docs/latest/server_admin/#_protocol-mappers
    id_token_claims: 'all',
    // Without offline_access, for as long as the session lasts.
    // https://www.keycloak.org/docs/latest/server_admin/#_offline-access
    refresh_tokens: 'always',
    // https://www.keycloak.org/docs/latest/server_admin/#protocol
    scopes: {
      openid: ['jti', 'typ', 'azp'],
      roles: ['realm_access', 'resource_access'],
      'microprofile-jwt': ['upn', 'groups']
    }
  },
  claimsOf: ({ username, claims }) => ({
    preferred_username: username,
    upn: username,
    // https://www.keycloak.org/docs/latest/server_admin/#assigning-permissions-using-roles-and-groups
    realm_access: { roles: Array.isArray(claims['roles']) ? claims['roles'] : ['offline_access', 'uma_authorization'] },
    resource_access: { account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] } },
    ...claims
  }),
  inIdToken: clientId => ({ jti: randomUUID(), typ: 'ID', azp: clientId }),
  // https://www.keycloak.org/docs/latest/upgrading/#oauth-2-0-authorization-server-issuer-identification
  namesIssuerInResponses: true,
  // https://www.keycloak.org/securing-apps/specifications
  pushedRequests: 'allowed',
  // “Revoke Refresh Token” is off: https://www.keycloak.org/docs/latest/server_admin/#_revoke-refresh-token
  rotatesRefreshTokens: false,
  // https://www.keycloak.org/securing-apps/oidc-layers#_logout_endpoint
  asksAtSignOut: true
}
