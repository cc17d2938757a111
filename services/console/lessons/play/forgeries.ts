import { createPublicKey, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'

let made: Promise<KeyObject> | undefined

/** The attacker's key, the same for as long as the process runs: to make one takes longer than the rest of an attack. */
function ownKey (): Promise<KeyObject> {
  made ??= promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey }) => privateKey)
  return made
}

/** A token that only says who has signed it: without a signature. */
export const unsigned = (claims: JWTPayload): string => new UnsecuredJWT(claims).encode()

/**
 * A token whose secret everybody has: the provider’s public key, in the file format that libraries read keys from.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-2.1
 */
export function signedWithPublicKey (claims: JWTPayload, key: JsonWebKey & { kid: string }): Promise<string> {
  const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: key.kid }).sign(new TextEncoder().encode(pem))
}

/**
 * A token with a signature that is right, of a key that is nobody’s but the writer’s.
 *
 * @param kid whose key the header says that it is
 */
export async function signedWithOwnKey (claims: JWTPayload, kid: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(await ownKey())
}
