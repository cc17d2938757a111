import type { IncomingMessage } from 'node:http'
import type { Configuration, Provider } from 'oidc-provider'
import { exchangeOf } from '#lib/recorder.ts'
import { applyFaults } from '../faults/apply.ts'
import { spoilLogoutTokens } from '../faults/logout.ts'
import type { Realm } from '../realm.ts'
import { observeProvider, recordOutgoing } from './recorder.ts'

type Fetch = NonNullable<Configuration['fetch']>

const note = (request: IncomingMessage, fault: string) => exchangeOf(request)?.faults.push(fault)

/**
 * Attach to a provider what a lab has and a real provider lacks. To be called before anything else uses the provider: the
 * recorder sees what faults have made of the answers, and faults spoil answers that are complete.
 */
export function attachInstruments (provider: Provider, { accounts, keys, lab }: Realm): void {
  if (!lab) return
  observeProvider(provider)
  applyFaults(provider, { faults: lab.faults, keys, accounts, note })
}

/** The `fetch` of a provider, with faults in what leaves by it, recorded. */
export function instrumentFetch (fetch: Fetch, { accounts, clients, keys, lab }: Realm): Fetch {
  if (!lab) return fetch
  const clientSecretOf = async (id: string) => clients.get(id)?.client_secret
  return spoilLogoutTokens(recordOutgoing(fetch), { faults: lab.faults, keys, accounts, note, clientSecretOf })
}
