import * as client from 'openid-client'

// It fetches keys anew when those it has are five minutes old, and for a key that is not among them when they are one.
const oldEnough = 60

/**
 * A configuration that asks for keys anew, once, as soon as it meets one that it does not know: it may be new, and a set that was
 * wrong when it was fetched would be relied on otherwise until it is a minute old.
 *
 * @param another makes one that has no keys yet
 * @returns the same one, where it does so already
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
 */
export function readyForNewKeys (configuration: client.Configuration, another: () => client.Configuration): client.Configuration {
  const keys = client.getJwksCache(configuration)
  const uat = Math.floor(Date.now() / 1000) - oldEnough
  if (!keys || keys.uat <= uat) return configuration
  const ready = another()
  client.setJwksCache(ready, { ...keys, uat })
  return ready
}
