import { Provider, type Configuration } from 'oidc-provider'
import type { Clients } from '../clients/registered-clients.ts'
import type { FaultParts } from './apply-faults.ts'
import { Forger, readIssued } from './forger.ts'
import { noteFault } from './note-fault.ts'

type Fetch = NonNullable<Configuration['fetch']>

/** A `fetch` that is told which faults what it sends has. */
export type FetchWithFaults = (...parameters: [...Parameters<typeof globalThis.fetch>, faults?: string[]]) => Promise<Response>

/**
 * The `fetch` of a provider, through which its logout tokens leave, with the faults that are switched on for them.
 *
 * @param parts.clients whose secrets a fault may sign with
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
 */
export function applyLogoutTokenFaults (fetch: FetchWithFaults, parts: FaultParts & { clients: Clients }): Fetch {
  const { faults, accounts, clients, keys } = parts
  const forger = new Forger(keys)

  return async (input, init) => {
    const body = init?.body
    const jwt = body instanceof URLSearchParams ? body.get('logout_token') : null
    if (jwt === null) return fetch(input, init)

    const { payload: { aud, sub } } = readIssued(jwt, undefined)
    const client = String(aud)
    const taken = await faults.take('logout-token', { client_id: client, username: accounts.ofSub(sub ?? '')?.username })
    if (!taken) return fetch(input, init)

    const { fault, parameters } = taken
    if (Provider.ctx) noteFault(Provider.ctx.req, fault.name)
    const forged = await fault.forge(readIssued(jwt, clients.get(client)?.client_secret), forger, parameters)
    const send = () => fetch(input, { ...init, body: new URLSearchParams({ logout_token: forged }) }, [fault.name])
    const answer = await send()
    // What comes of it after the first time is the client's affair, as it would be with an attacker.
    for (let time = 1; time < (fault.times ?? 1); time++) await send().then(response => response.body?.cancel(), () => {})
    return answer
  }
}
