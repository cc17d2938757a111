import type { Client, Configuration } from 'oidc-provider'
import type { Clients } from '../clients/registered-clients.ts'
import type { RealmSettings } from '../state/realm-settings.ts'
import type { TokenLifetimes } from '../state/token-settings.ts'

const minutes = 60
const hours = 60 * minutes
const days = 24 * hours

/** How long a browser stays signed in. */
export const sessionSeconds = 8 * hours

const unlessSaid: Required<TokenLifetimes> = {
  code: 1 * minutes,
  access_token: 15 * minutes,
  id_token: 1 * hours,
  refresh_token: 14 * days
}

/** How long everything lasts that the provider issues or keeps, in seconds: as the client says, else the realm. */
export function lifetimesOf (clients: Clients, settings: RealmSettings): NonNullable<Configuration['ttl']> {
  const secondsOf = (what: keyof TokenLifetimes, said: TokenLifetimes | undefined) =>
    said?.[what] ?? settings.token_lifetimes[what] ?? unlessSaid[what]
  const of = (what: keyof TokenLifetimes) => (_ctx: unknown, _token: unknown, client: Client | undefined) =>
    secondsOf(what, client?.['token_lifetimes'] as TokenLifetimes | undefined)

  return {
    AuthorizationCode: of('code'),
    AccessToken: of('access_token'),
    IdToken: of('id_token'),
    RefreshToken: of('refresh_token'),
    DeviceCode: 10 * minutes,
    Interaction: 1 * hours,
    Session: sessionSeconds,
    // What is issued ends with the grant, and a grant serves for as long as the browser is signed in.
    Grant: (_ctx, { clientId }) => {
      const said = clients.get(clientId ?? '')?.token_lifetimes
      return sessionSeconds + Math.max(secondsOf('refresh_token', said), secondsOf('access_token', said))
    }
  }
}
