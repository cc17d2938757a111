import { Provider, type Configuration } from 'oidc-provider'
import type { FaultParts } from './apply.ts'
import type { FetchWithFaults } from '../lab/recorder.ts'
import { Forger, readIssued } from './forge.ts'

type Fetch = NonNullable<Configuration['fetch']>

/**
 * The `fetch` of a provider, through which its logout tokens leave, with the faults that are switched on for them.
 *
 * @param parts.clientSecretOf the secret of a client, if it has one
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
 */
export function spoilLogoutTokens (fetch: FetchWithFaults, parts: FaultParts & {
  clientSecretOf: (clientId: string) => Promise<string | undefined>
}): Fetch {
  const { faults, accounts, keys, note, clientSecretOf } = parts
  const forger = new Forger(keys)

  return async (input, init) => {
    const body = init?.body
    const jwt = body instanceof URLSearchParams ? body.get('logout_token') : null
    if (jwt === null) return fetch(input, init)

    const { payload: { aud, sub } } = readIssued(jwt, undefined)
    const client = String(aud)
    const taken = faults.take('logout-token', { client_id: client, username: accounts.ofSub(sub ?? '')?.username })
    if (!taken) return fetch(input, init)

    const { fault, parameters } = taken
    if (Provider.ctx) note(Provider.ctx.req, fault.name)
    const forged = await fault.forge(readIssued(jwt, await clientSecretOf(client)), forger, parameters)
    const send = () => fetch(input, { ...init, body: new URLSearchParams({ logout_token: forged }) }, [fault.name])
    const answer = await send()
    // What comes of it after the first time is the client's affair, as it would be with an attacker.
    for (let time = 1; time < (fault.times ?? 1); time++) await send().then(response => response.body?.cancel(), () => {})
    return answer
  }
}
