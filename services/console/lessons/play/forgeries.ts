import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'

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
  const { privateKey } = await generateKeyPair('RS256')
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey)
}
