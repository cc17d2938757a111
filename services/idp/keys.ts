import { randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { keep } from '#lib/state-folder.ts'

/** What the provider signs with. Made at the first start and kept, so that a restart signs nobody out. */
export interface Keys {
  /** private keys for ID tokens, as a JWK set */
  jwks: { keys: JWK[] }
  /** keys for the signatures of cookies, newest first */
  cookieKeys: string[]
}

export async function openKeys (stateFolder: string): Promise<Keys> {
  return {
    jwks: await keep(stateFolder, 'signing-keys.json', async () => ({ keys: [await makeSigningKey()] })),
    cookieKeys: await keep(stateFolder, 'cookie-keys.json', () => [randomBytes(32).toString('base64url')])
  }
}

async function makeSigningKey (): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, alg: 'RS256', use: 'sig', kid: await calculateJwkThumbprint(jwk) }
}
