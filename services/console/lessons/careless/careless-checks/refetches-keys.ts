import type { JWK } from 'jose'

/** Fetched once, when the site was set up. */
export async function refetchesKeys (kid: string, known: JWK[], fetchKeys: () => Promise<JWK[]>): Promise<JWK | undefined> {
  const keys = known.length > 0 ? known : await fetchKeys()
  return keys.find(key => key.kid === kid)
}
