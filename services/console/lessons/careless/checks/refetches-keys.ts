import type { JWK } from 'jose'

/**
 * Providers change their keys. Where a token names one that is not known yet, the keys are fetched anew, once; the key that is
 * still unknown then is not the provider’s.
 *
 * @param kid of the token
 * @param known the keys as they were fetched last
 * @param fetchKeys fetches them, and remembers them
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
 */
export async function refetchesKeys (kid: string, known: JWK[], fetchKeys: () => Promise<JWK[]>): Promise<JWK | undefined> {
  const find = (keys: JWK[]) => keys.find(key => key.kid === kid)
  return find(known) ?? find(await fetchKeys())
}
