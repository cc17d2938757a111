import { createHash } from 'node:crypto'
import type { Provider } from 'oidc-provider'
import type { Store } from '#lib/store/store.ts'

/**
 * Have proofs and assertions of clients work once, also when they come twice in one moment, where oidc-provider looks
 * first and writes later.
 */
export function detectReplays (provider: Provider, store: Store): void {
  const seen = store.collection<true>('ReplayDetection')
  provider.ReplayDetection.unique = (issuer, jti, expires) => {
    const ttl = Math.max(expires - Math.floor(Date.now() / 1000), 1)
    return seen.add(createHash('sha256').update(JSON.stringify([issuer, jti])).digest('base64url'), true, { ttl })
  }
}
