import { errors, type Configuration } from 'oidc-provider'
import type { Clients } from '../clients/registered-clients.ts'

// Whoever asks may register, and what is registered is kept.
const limit = 200

/**
 * Dynamic client registration, and its management by the client that registered itself.
 *
 * @param enabled off unless asked for: whoever asks may register
 * @see https://openid.net/specs/openid-connect-registration-1_0.html
 * @see https://www.rfc-editor.org/rfc/rfc7592
 */
export function dynamicRegistration (clients: Clients, enabled: boolean) {
  return {
    registration: {
      enabled,
      idFactory: () => {
        if (clients.all.length >= limit) throw new TooManyClients()
        return crypto.randomUUID()
      }
    },
    registrationManagement: { enabled, rotateRegistrationAccessToken: false }
  } satisfies Configuration['features']
}

class TooManyClients extends errors.OIDCProviderError {
  constructor () {
    super(403, 'access_denied')
    this.error_description = `${limit} clients are registered here, and no more are taken`
  }
}
