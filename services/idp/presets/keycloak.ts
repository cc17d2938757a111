import { randomUUID } from 'node:crypto'
import type { Preset } from './preset.ts'

/**
 * Keycloak, a realm with its defaults.
 *
 * @see https://www.keycloak.org/docs/latest/server_admin/
 */
export const keycloak: Preset = {
  settings: {
    // The guide says what each is, and the source what a realm has that says nothing:
    // https://www.keycloak.org/docs/latest/server_admin/#_timeouts
    // https://github.com/keycloak/keycloak/blob/main/model/storage-private/src/main/java/org/keycloak/storage/datastore/DefaultExportImportManager.java
    token_lifetimes: { access_token: 300, id_token: 300, refresh_token: 1_800, code: 60 },
    // The mappers of the client scopes add the claims to the ID token too, but for roles, which have no other place where access tokens are opaque.
    // https://www.keycloak.org/docs/latest/server_admin/#_protocol-mappers
    id_token_claims: 'all',
    // Without offline_access, for as long as the session lasts.
    // https://www.keycloak.org/docs/latest/server_admin/#_refresh_token_grant
    refresh_tokens: 'always',
    // Every client has the scope of roles, whether or not it asks for it.
    // https://www.keycloak.org/docs/latest/server_admin/#_oidc_token_role_mappings
    // https://www.keycloak.org/docs/latest/server_admin/#_client_scopes_protocol
    scopes: {
      openid: ['jti', 'typ', 'azp', 'realm_access', 'resource_access'],
      roles: ['realm_access', 'resource_access'],
      'microprofile-jwt': ['upn', 'groups']
    }
  },
  claimsOf: ({ username, claims }) => {
    const roles = Array.isArray(claims['roles']) ? claims['roles'] : ['offline_access', 'uma_authorization']
    return {
      preferred_username: username,
      upn: username,
      realm_access: { roles },
      resource_access: { account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] } },
      // For MicroProfile roles are groups: https://www.keycloak.org/docs/latest/server_admin/#_client_scopes_protocol
      groups: roles,
      ...claims
    }
  },
  inIdToken: clientId => ({ jti: randomUUID(), typ: 'ID', azp: clientId }),
  // “Added iss parameter”, since 23: https://www.keycloak.org/docs/latest/upgrading/
  namesIssuerInResponses: true,
  // https://www.keycloak.org/securing-apps/specifications
  pushedRequests: 'allowed',
  // “Revoke Refresh Token” is off, by the source above: https://www.keycloak.org/docs/latest/server_admin/#_refresh_token_rotation
  rotatesRefreshTokens: false,
  // https://www.keycloak.org/docs/latest/server_admin/#_oidc-logout
  asksAtSignOut: true
}
