import type { Provider } from 'oidc-provider'
import type { Store } from '#lib/store/store.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { PermissiveClients } from './permissive-clients.ts'
import { permitAccessTokens } from './permit-access-tokens.ts'
import { permitAuthorizationRequests } from './permit-authorization-requests.ts'
import { permitClientAuthentication } from './permit-client-authentication.ts'
import { permitCodes } from './permit-codes.ts'
import { permitRefreshTokens } from './permit-refresh-tokens.ts'
import { permitSignOut } from './permit-sign-out.ts'

/** What permissive mode is made of. */
export interface PermissiveParts {
  permissive: PermissiveClients
  accounts: Accounts
  store: Store
  /** whether the provider has a scope of this name */
  isKnownScope: (scope: string) => boolean
}

/**
 * Have a provider accept from permissive clients what it refuses from all others, and note in the ledger what was let pass.
 *
 * The checks are oidc-provider's and stay in place. They are made to succeed, in this one request: by answering for the
 * client, or by putting right what the request got wrong before it is looked at.
 *
 * To be called before `applyFaults`, so that a fault finds every code and refresh token that is about to be used.
 */
export function permitForClients (provider: Provider, parts: PermissiveParts): void {
  const { permissive, isKnownScope } = parts
  permitAuthorizationRequests(provider, permissive, isKnownScope)
  permitClientAuthentication(provider, permissive)
  permitCodes(provider, parts)
  permitRefreshTokens(provider, parts)
  permitAccessTokens(provider, parts)
  permitSignOut(provider, permissive)
}
