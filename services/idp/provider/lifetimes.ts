import type { Configuration } from 'oidc-provider'

const minutes = 60
const hours = 60 * minutes
const days = 24 * hours

/** How long a browser stays signed in. */
export const sessionSeconds = 8 * hours

/** How long everything lasts that the provider issues or keeps, in seconds. */
export const lifetimes: Configuration['ttl'] = {
  AuthorizationCode: 1 * minutes,
  AccessToken: 15 * minutes,
  IdToken: 1 * hours,
  RefreshToken: 14 * days,
  DeviceCode: 10 * minutes,
  Interaction: 1 * hours,
  Session: sessionSeconds,
  Grant: 14 * days
}
