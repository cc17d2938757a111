import { createHmac, createPublicKey, timingSafeEqual } from 'node:crypto'
import { compactVerify, importJWK, type JWK } from 'jose'
import type { Claims } from './id-token.ts'

/** A token, taken apart, and what its signature is to be checked with. */
export interface SignedToken {
  text: string
  /** how the check is to be made, which is not what the token says unless the site lets it */
  alg: string
  claims: Claims
  /** the provider's public key that the token names; none where there is no such key */
  key: JWK | undefined
}

/**
 * Whether a signature fits the provider's public key, by an algorithm that was chosen before: as many a library has done it, which took
 * any algorithm that it knew, `none` and HMAC with whatever key it was given among them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-2.1
 */
export async function isSignedBy ({ text, alg, key }: SignedToken): Promise<boolean> {
  if (alg === 'none') return text.endsWith('.')
  if (!key) return false
  if (alg === 'HS256') return isHmacOf(text, createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))
  return compactVerify(text, await importJWK(key, alg), { algorithms: [alg] }).then(() => true, () => false)
}

function isHmacOf (text: string, secret: string | Buffer): boolean {
  const end = text.lastIndexOf('.')
  const expected = createHmac('sha256', secret).update(text.slice(0, end)).digest()
  const found = Buffer.from(text.slice(end + 1), 'base64url')
  return found.length === expected.length && timingSafeEqual(found, expected)
}
