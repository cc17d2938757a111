import { errors, type Configuration } from 'oidc-provider'
import { isOff } from '../clients/client-metadata.ts'

/** Pushed authorization requests, request objects and DPoP: known to the provider, and for each client on or off. */
export const requestSecurity = {
  pushedAuthorizationRequests: { enabled: true },
  dPoP: { enabled: true },
  requestObjects: {
    enabled: true,
    // Elsewhere `refuseUnusedFeatures` has seen to it; here is the first place after the client has authenticated.
    assertJwtClaimsAndHeader: async (ctx, _claims, _header, client) => {
      const isPushed = ctx.oidc.route === 'pushed_authorization_request'
      if (isPushed && isOff(client, 'request_objects')) throw new errors.RequestNotSupported()
    }
  }
} satisfies Configuration['features']

/** The algorithms that clients may sign with: those that nobody but the client can sign with. */
export const clientSigningAlgorithms = {
  requestObjectSigningAlgValues: ['RS256', 'ES256', 'PS256', 'EdDSA'],
  dPoPSigningAlgValues: ['RS256', 'ES256', 'PS256', 'EdDSA'],
  clientAuthSigningAlgValues: ['RS256', 'ES256', 'PS256', 'EdDSA']
} as const satisfies Configuration['enabledJWA']
