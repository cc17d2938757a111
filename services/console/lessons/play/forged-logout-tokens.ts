import { randomUUID, type JsonWebKey } from 'node:crypto'
import { signedWithOwnKey, signedWithPublicKey, unsigned } from './forgeries.ts'

/** A logout token that somebody has made up. */
export interface ForgedToken {
  /** what its signature is, in words */
  how: string
  token: string
}

const lifetimeSeconds = 120

/**
 * Logout tokens that anybody can write: the claims are as they must be, and only the provider's signature is not there.
 *
 * @param about.key the provider's public key, which anybody may read
 */
export async function forgedLogoutTokens ({ issuer, audience, sub, now, key }: {
  issuer: string, audience: string, sub: string, now: number, key: JsonWebKey & { kid: string }
}): Promise<ForgedToken[]> {
  const claims = () => ({
    iss: issuer, aud: audience, sub, iat: now, exp: now + lifetimeSeconds, jti: randomUUID(), events: { 'http://schemas.openid.net/event/backchannel-logout': {} }
  })
  return [
    { how: 'without a signature', token: unsigned(claims()) },
    { how: 'with the public key as an HMAC secret', token: await signedWithPublicKey(claims(), key) },
    { how: 'signed with my own key, under the name of the provider’s', token: await signedWithOwnKey(claims(), key.kid) }
  ]
}
