import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { createSerialQueue } from '#lib/concurrency/serial-queue.ts'
import type { Secrets } from '#lib/store/store.ts'

/** The signature algorithms that an ID token can have here. */
export const signingAlgorithms = ['RS256', 'ES256', 'PS256', 'EdDSA'] as const

/** A signature algorithm, as in the header of a JWT. */
export type SigningAlgorithm = typeof signingAlgorithms[number]

/** A key that ID tokens are signed with, were signed with, or will be. */
export interface SigningKey {
  kid: string
  alg: SigningAlgorithm
  /** the private key, with `kid`, `alg` and `use` */
  jwk: JWK
  /** whether it is waiting, in use, or kept only to check what it has signed */
  stage: 'next' | 'current' | 'previous'
  /** whether it is in the JWK set that clients fetch */
  published: boolean
}

/** A change that cannot be made to the keys as they are. */
export class KeyError extends Error {
  override name = 'KeyError'
}

interface KeptKey extends JWK { stage?: SigningKey['stage'], published?: boolean, original?: boolean, retired?: boolean }

const name = 'signing-keys'
// Rotating again and again must not grow the JWK set without end, but of sign-ins at once each may rotate.
const previousKept = 20

/**
 * What the provider signs ID tokens with, one current key an algorithm. Made at the first start and kept, so that a
 * restart signs nobody out.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys
 */
export class IssuerKeys {
  readonly #secrets: Secrets
  readonly #lab: boolean
  #keys: KeptKey[]
  #onChange = () => {}
  // To make a key takes a moment, in which another call would find the keys as they were.
  readonly #inTurn = createSerialQueue()

  /**
   * @param secrets where they are kept
   * @param options.lab whether it counts what a lab has unpublished
   * @param options.algorithms for which there are to be keys
   */
  static async open (
    secrets: Secrets,
    { lab, algorithms }: { lab: boolean, algorithms: Iterable<SigningAlgorithm> }
  ): Promise<IssuerKeys> {
    const { keys } = await secrets.keep<{ keys: KeptKey[] }>(
      name, async () => ({ keys: [{ ...await makeKey('RS256'), original: true }] }), ({ keys }) => keys.every(isPrivateKey))
    const signingKeys = new IssuerKeys(secrets, { lab, keys: asRead(keys, lab) })
    for (const alg of algorithms) await signingKeys.ensure(alg)
    return signingKeys
  }

  private constructor (secrets: Secrets, { lab, keys }: { lab: boolean, keys: KeptKey[] }) {
    this.#secrets = secrets
    this.#lab = lab
    this.#keys = keys
  }

  /** All that are not retired, those in use first. */
  get all (): readonly SigningKey[] {
    const order = { current: 0, next: 1, previous: 2 }
    return this.#keys.map(asSigningKey).filter(key => key !== undefined).sort((a, b) => order[a.stage] - order[b.stage])
  }

  onChange (listener: () => void): void {
    this.#onChange = listener
  }

  current (alg: string): SigningKey {
    const key = this.all.find(key => key.alg === alg && key.stage === 'current')
    if (!key) throw new KeyError(`no client has asked for ${alg}, so there is no such key`)
    return key
  }

  find (kid: string): SigningKey | undefined {
    return this.all.find(key => key.kid === kid)
  }

  /** The private keys as oidc-provider takes them: it signs with the first that fits. */
  jwks (): { keys: JWK[] } {
    return { keys: this.all.filter(key => key.stage !== 'next').map(({ jwk }) => jwk) }
  }

  /** The JWK set that clients fetch. */
  publishedJwks (): { keys: JWK[] } {
    return { keys: this.all.filter(key => key.published).map(({ jwk }) => publicHalf(jwk)) }
  }

  /** Have a current key for an algorithm. */
  ensure (alg: SigningAlgorithm): Promise<void> {
    return this.#inTurn(() => this.#ensure(alg))
  }

  /** Publish the key that the next rotation will use, so that clients have it by then; the same one if that was done before. */
  publishNext (alg: SigningAlgorithm): Promise<SigningKey> {
    return this.#inTurn(() => this.#publishNext(alg))
  }

  /** Sign with the next key from now on, or with a new one; the current one becomes a previous one. */
  rotate (alg: SigningAlgorithm): Promise<SigningKey> {
    return this.#inTurn(() => this.#rotate(alg))
  }

  async #ensure (alg: SigningAlgorithm): Promise<void> {
    if (this.all.some(key => key.alg === alg && key.stage === 'current')) return
    const made = await makeKey(alg)
    await this.#change(keys => isAnyCurrent(keys, alg) ? keys : [...keys, { ...made, original: true }])
  }

  async #publishNext (alg: SigningAlgorithm): Promise<SigningKey> {
    await this.#ensure(alg)
    const waiting = this.#next(alg)
    if (waiting) return waiting
    const made = await makeKey(alg)
    await this.#change(keys => [...keys, { ...made, stage: 'next' }])
    return this.find(made.kid!)!
  }

  async #rotate (alg: SigningAlgorithm): Promise<SigningKey> {
    const { kid } = await this.#publishNext(alg)
    await this.#change(keys => {
      const rotated = keys.map((key): KeptKey => {
        if (key.kid === kid) return { ...key, stage: 'current', published: true }
        return key.alg === alg && stageOf(key) === 'current' ? { ...key, stage: 'previous' } : key
      })
      const previous = rotated.filter(key => key.alg === alg && stageOf(key) === 'previous')
      const tooOld = new Set(previous.filter(key => !key.original).slice(0, -previousKept))
      return rotated.filter(key => !tooOld.has(key))
    })
    return this.current(alg)
  }

  /** Do without a key: what it has signed cannot be checked any more. */
  retire (kid: string): Promise<void> {
    return this.#inTurn(async () => {
      const key = this.#existing(kid)
      if (key.stage === 'current') throw new KeyError('the key is in use: rotate first, then retire it')
      await this.#change(keys => keys.flatMap(each => each.kid !== kid ? [each] : each.original ? [{ ...each, retired: true }] : []))
    })
  }

  publish (kid: string): Promise<void> {
    return this.#setPublished(kid, true)
  }

  /** Leave a key out of the JWK set, although tokens may be signed with it. */
  unpublish (kid: string): Promise<void> {
    return this.#setPublished(kid, false)
  }

  /** Back to the keys of the first start. */
  reset (): Promise<void> {
    return this.#inTurn(() => this.#change(
      keys => keys.filter(key => key.original).map(({ stage, published, retired, ...key }) => key)))
  }

  #next (alg: SigningAlgorithm): SigningKey | undefined {
    return this.all.find(key => key.alg === alg && key.stage === 'next')
  }

  #existing (kid: string): SigningKey {
    const key = this.find(kid)
    if (!key) throw new KeyError(`there is no key ${kid}`)
    return key
  }

  #setPublished (kid: string, published: boolean): Promise<void> {
    return this.#inTurn(async () => {
      this.#existing(kid)
      await this.#change(keys => keys.map(key => key.kid === kid ? { ...key, published } : key))
    })
  }

  async #change (change: (keys: KeptKey[]) => KeptKey[]): Promise<void> {
    const { keys } = await this.#secrets.change<{ keys: KeptKey[] }>(name, ({ keys }) => ({ keys: change(asRead(keys, this.#lab)) }))
    this.#keys = keys
    this.#onChange()
  }
}

/** A file of before keys could be changed has none but those of the first start. */
function asRead (keys: KeptKey[], lab: boolean): KeptKey[] {
  const original = keys.some(key => key.original) ? keys : keys.map(key => ({ ...key, original: true }))
  return lab ? original : original.map(({ published, ...key }) => key)
}

const isAnyCurrent = (keys: KeptKey[], alg: SigningAlgorithm) =>
  keys.some(key => key.alg === alg && stageOf(key) === 'current' && !key.retired)

/** @throws where it is no key at all */
const isPrivateKey = (key: KeptKey) => Boolean(key.kid && key.alg && createPrivateKey({ key: key as JsonWebKey, format: 'jwk' }))

// A file of before there was more than one key has the current one, published.
const stageOf = (key: KeptKey): SigningKey['stage'] => key.stage ?? 'current'

function asSigningKey ({ stage = 'current', published = true, original, retired, ...jwk }: KeptKey): SigningKey | undefined {
  if (retired) return undefined
  return { kid: jwk.kid!, alg: jwk.alg as SigningAlgorithm, jwk, stage, published }
}

function publicHalf ({ d, p, q, dp, dq, qi, ...jwk }: JWK): JWK {
  return jwk
}

async function makeKey (alg: SigningAlgorithm): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) }
}
