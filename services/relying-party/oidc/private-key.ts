import { createPrivateKey, type webcrypto } from 'node:crypto'
import { importJWK, type JWK } from 'jose'

/** The key that signs who this client is (`private_key_jwt`), and how the provider finds its public half. */
export interface PrivateKey {
  key: webcrypto.CryptoKey
  kid: string | undefined
  /** for the header of what it signs; the thumbprints are how Entra ID finds the key's certificate */
  header: { alg?: string, x5t?: string, 'x5t#S256'?: string }
}

/**
 * @param text PKCS #8 in PEM, or a JWK; only a JWK can have `kid`, `alg`, `x5t` and `x5t#S256`
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
 */
export async function readPrivateKey (text: string): Promise<PrivateKey> {
  const jwk = text.trimStart().startsWith('{')
    ? JSON.parse(text) as JWK
    : createPrivateKey(text).export({ format: 'jwk' }) as JWK
  const { kid, x5t, 'x5t#S256': x5tS256, alg } = jwk
  return {
    key: await importJWK(jwk, alg ?? algorithmOf(jwk)) as webcrypto.CryptoKey,
    kid,
    header: { ...(alg && { alg }), ...(x5t && { x5t }), ...(x5tS256 && { 'x5t#S256': x5tS256 }) }
  }
}

const algorithmsOfCurves: Record<string, string> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }

function algorithmOf ({ kty, crv }: JWK): string {
  const alg = kty === 'RSA' ? 'RS256' : algorithmsOfCurves[String(crv)]
  if (!alg) throw new Error(`there is no signature algorithm for a key of type ${kty}${crv ? ` ${crv}` : ''}`)
  return alg
}
