import type { Provider } from 'oidc-provider'
import type { Logger } from '#lib/http-server.ts'
import type { Realm } from '../realm.ts'
import { permitAccessTokens } from './access-token.ts'
import { permitAuthorizationRequests } from './authorization-request.ts'
import { permitClientAuthentication } from './client-authentication.ts'
import { permitCodes } from './code-redemption.ts'
import { permitSignOut } from './end-session.ts'
import { permitRefreshTokens } from './refresh-token.ts'

/**
 * Have a provider accept from permissive clients what it refuses from all others, and note in the ledger what was let pass.
 * Outside of a lab no client is permissive.
 *
 * The checks are oidc-provider's and stay in place. They are made to succeed, in this one request: by answering for the
 * client, or by putting right what the request got wrong before it is looked at.
 *
 * To be called before `applyFaults`, so that a fault finds every code and refresh token that is about to be used.
 */
export function permitForClients (provider: Provider, realm: Realm, log: Logger): void {
  if (!realm.lab) return warnOfPermissiveClients(realm, log)
  permitAuthorizationRequests(provider, realm)
  permitClientAuthentication(provider, realm)
  permitCodes(provider, realm)
  permitRefreshTokens(provider, realm)
  permitAccessTokens(provider, realm)
  permitSignOut(provider, realm)
}

function warnOfPermissiveClients ({ clients }: Realm, log: Logger) {
  for (const { client_id: id, permissive } of clients.all) {
    if (permissive) log.warn(`the client ${id} is permissive, which counts in a lab alone (LAB=true): here it is strict`)
  }
}
