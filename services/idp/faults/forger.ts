import { createPublicKey, randomBytes } from 'node:crypto'
import {
  CompactSign, decodeJwt, decodeProtectedHeader, generateKeyPair, importJWK, type CryptoKey, type JWK, type JWTHeaderParameters,
  type JWTPayload
} from 'jose'
import type { IssuerKeys, SigningAlgorithm } from '../state/issuer-keys.ts'

/** What a JWT says, before it is signed. */
export interface Claims {
  header: JWTHeaderParameters
  payload: JWTPayload
}

/** A JWT as it was issued, and the client that it is for. */
export interface Issued {
  jwt: string
  header: JWTHeaderParameters
  payload: JWTPayload
  clientSecret: string | undefined
}

/** A JWT that is about to be handed out. */
export function readIssued (jwt: string, clientSecret: string | undefined): Issued {
  return { jwt, header: decodeProtectedHeader(jwt) as JWTHeaderParameters, payload: decodeJwt(jwt), clientSecret }
}

/** Changes to an object; `undefined` takes a member away. The others stay as and where they are. */
export function changed<T extends object> (object: T, changes: Record<string, unknown>): T {
  return Object.fromEntries(Object.entries({ ...object, ...changes }).filter(([, value]) => value !== undefined)) as T
}

/**
 * A JWT without a signature.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-6
 */
export function unsigned ({ header, payload }: Claims): string {
  const [head, body] = [{ ...header, alg: 'none' }, payload].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return `${head}.${body}.`
}

/** The same JWT, but for the last bit of its signature. */
export function spoilSignature (jwt: string): string {
  const [header, payload, signature] = jwt.split('.') as [string, string, string]
  const bytes = Buffer.from(signature, 'base64url')
  bytes[bytes.length - 1]! ^= 1
  return [header, payload, bytes.toString('base64url')].join('.')
}

export function signHs256 ({ header, payload }: Claims, secret: Uint8Array): Promise<string> {
  return sign({ header: { ...header, alg: 'HS256' }, payload }, secret)
}

/** Sign as HS256 with the client secret; for a client that has none, with a secret that it cannot know. */
export const signWithClientSecret = (issued: Issued): Promise<string> =>
  signHs256(issued, issued.clientSecret === undefined ? randomBytes(32) : Buffer.from(issued.clientSecret))

/** Makes the JWTs of the faults, with the keys of an issuer and with some that are nobody's. */
export class Forger {
  readonly #keys: IssuerKeys
  readonly #unpublished = new Map<string, Promise<CryptoKey>>()

  constructor (keys: IssuerKeys) {
    this.#keys = keys
  }

  /** Change a JWT, and sign it with the key that had signed it, as correctly as before. */
  async resign (issued: Issued, changes: { header?: Record<string, unknown>, payload?: Record<string, unknown> }) {
    const header = changed(issued.header, changes.header ?? {})
    const payload = changed(issued.payload, changes.payload ?? {})
    return sign({ header, payload }, await importJWK(this.#keyOf(issued), header.alg))
  }

  /** Sign with a key of the right kind that was never published. */
  async signWithUnpublishedKey (claims: Claims): Promise<string> {
    const { alg } = claims.header
    if (!this.#unpublished.has(alg)) this.#unpublished.set(alg, generateKeyPair(alg).then(({ privateKey }) => privateKey))
    return sign(claims, await this.#unpublished.get(alg)!)
  }

  /**
   * The public key of a JWT as everybody can make it from the JWK set: PEM, SubjectPublicKeyInfo, lines of 64 characters
   * that end with `\n`, the last one too. That is what a careless library is given as “the key”.
   */
  publicKeyPem (issued: Issued): Buffer {
    const { kty, n, e, crv, x, y } = this.#keyOf(issued)
    const jwk = changed({}, { kty, n, e, crv, x, y })
    return Buffer.from(createPublicKey({ format: 'jwk', key: jwk }).export({ type: 'spki', format: 'pem' }))
  }

  /** Sign with a new key from now on, the published one from before stays published. */
  async rotate ({ header }: Issued): Promise<JWK> {
    return (await this.#keys.rotate(header.alg as SigningAlgorithm)).jwk
  }

  /** Have a second key of the same algorithm in the JWK set. */
  async publishNext ({ header }: Issued): Promise<void> {
    await this.#keys.publishNext(header.alg as SigningAlgorithm)
  }

  #keyOf ({ header }: Issued): JWK {
    return (this.#keys.find(header.kid ?? '') ?? this.#keys.current(header.alg)).jwk
  }
}

function sign ({ header, payload }: Claims, key: CryptoKey | Uint8Array): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(key)
}
