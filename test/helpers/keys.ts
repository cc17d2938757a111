import { createPrivateKey, createPublicKey, type webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Algorithm = { name: string }

// What a lab's own issuers sign with, which take theirs first: nobody who forges a token later gets the same.
const reserved = 8

const { subtle } = crypto
const generateKey = subtle.generateKey.bind(subtle) as (algorithm: Algorithm, ...others: unknown[]) => Promise<unknown>

/**
 * Have every RSA key for signatures that is made in this process from now on taken out of a file, as to make one takes
 * longer than most tests. They come in turn, so whoever asks for several gets different ones, and the first come once.
 */
export function takeKeysFromFile (): void {
  if (Object.hasOwn(subtle, 'generateKey')) return
  const file = join(import.meta.dirname, '..', 'fixtures', 'rsa-keys.json')
  const keys = (JSON.parse(readFileSync(file, 'utf8')) as string[])
    .map(key => createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'pkcs8' }))
  let taken = 0
  const take = async (algorithm: Algorithm, extractable: boolean, ...others: unknown[]) => {
    if (!/^RSA(-PSS|SSA-PKCS1-v1_5)$/.test(algorithm.name)) return generateKey(algorithm, extractable, ...others)
    if (taken === keys.length) taken = reserved
    const key = keys[taken++]!
    return {
      privateKey: key.toCryptoKey(algorithm as webcrypto.RsaHashedImportParams, extractable, ['sign']),
      publicKey: createPublicKey(key).toCryptoKey(algorithm as webcrypto.RsaHashedImportParams, true, ['verify'])
    }
  }
  Object.assign(subtle, { generateKey: take })
}
