import * as client from 'openid-client'

// openid-client fetches keys anew when those it has are five minutes old, and for a key that is not among them when they are one.
const refetchedAfterSeconds = 60

/**
 * Refetch: a configuration that asks for keys anew, once, as soon as it meets one that it does not know. That may be new, and a
 * set that was wrong when it was fetched would be relied on otherwise until it is a minute old.
 *
 * @param another makes one that has no keys yet
 * @param options.cooldownSeconds between two questions, where tokens come from anybody: each could name a key that is not there
 * @returns the same one, where it does so already, or does not yet
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
 */
export function readyForNewKeys (
  configuration: client.Configuration, another: () => client.Configuration, { cooldownSeconds = 0 } = {}
): client.Configuration {
  const keys = client.getJwksCache(configuration)
  const now = Math.floor(Date.now() / 1000)
  const uat = now - refetchedAfterSeconds
  if (!keys || keys.uat <= uat || now - keys.uat < cooldownSeconds) return configuration
  const ready = another()
  client.setJwksCache(ready, { ...keys, uat })
  return ready
}
