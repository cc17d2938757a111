import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import { isDeepStrictEqual } from 'node:util'
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
  readonly #onKept: () => Promise<unknown>
  #keys: KeptKey[] = []
  #onChange = () => {}

  /**
   * @param options.lab whether it counts what a lab has unpublished
   * @param options.algorithms for which there are to be keys
   * @param options.onKept called when a change was kept: a fault makes one in the middle of a flow
   */
  static async open (
    secrets: Secrets, { lab, algorithms, onKept = async () => {} }: { lab: boolean, algorithms: Iterable<SigningAlgorithm>, onKept?: () => Promise<unknown> }
  ): Promise<IssuerKeys> {
    const signingKeys = new IssuerKeys(secrets, lab, onKept)
    await signingKeys.reload()
    for (const alg of algorithms) await signingKeys.ensure(alg)
    return signingKeys
  }

  private constructor (secrets: Secrets, lab: boolean, onKept: () => Promise<unknown>) {
    this.#secrets = secrets
    this.#onKept = onKept
    this.#lab = lab
  }

  /** Read what was kept, by other replicas too. */
  async reload (): Promise<void> {
    const { keys } = await this.#secrets.keep<{ keys: KeptKey[] }>(
      name, async () => ({ keys: [{ ...await makeKey('RS256'), original: true }] }), ({ keys }) => keys.every(isPrivateKey))
    this.#read(keys)
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
  async ensure (alg: SigningAlgorithm): Promise<void> {
    if (hasStage(this.#keys, alg, 'current')) return
    const made = await makeKey(alg)
    await this.#change(keys => hasStage(keys, alg, 'current') ? keys : [...keys, { ...made, original: true }])
  }

  /** Publish the key that the next rotation will use, so that clients have it by then; the same one if that was done before. */
  async publishNext (alg: SigningAlgorithm): Promise<SigningKey> {
    await this.#changeWithNext(alg, keys => keys)
    return this.#next(alg)!
  }

  /** Sign with the next key from now on, or with a new one; the current one becomes a previous one. */
  async rotate (alg: SigningAlgorithm): Promise<SigningKey> {
    await this.#changeWithNext(alg, keys => rotated(keys, alg))
    return this.current(alg)
  }

  /** Do without a key: what it has signed cannot be checked any more. */
  async retire (kid: string): Promise<void> {
    await this.#change(keys => {
      if (existing(keys, kid).stage === 'current') throw new KeyError('the key is in use: rotate first, then retire it')
      return keys.flatMap(each => each.kid !== kid ? [each] : each.original ? [{ ...each, retired: true }] : [])
    })
  }

  /** Put a key into the JWK set. */
  publish (kid: string): Promise<void> {
    return this.#setPublished(kid, true)
  }

  /** Leave a key out of the JWK set, although tokens may be signed with it. */
  unpublish (kid: string): Promise<void> {
    return this.#setPublished(kid, false)
  }

  /** Back to the keys of the first start. */
  reset (): Promise<void> {
    return this.#change(keys => keys.filter(key => key.original).map(({ stage, published, retired, ...key }) => key))
  }

  #next (alg: SigningAlgorithm): SigningKey | undefined {
    return this.all.find(key => key.alg === alg && key.stage === 'next')
  }

  #setPublished (kid: string, published: boolean): Promise<void> {
    return this.#change(keys => {
      existing(keys, kid)
      return keys.map(key => key.kid === kid ? { ...key, published } : key)
    })
  }

  /** Change keys of which one is the next. To make one takes a moment, in which another replica may have used the one that was waiting. */
  async #changeWithNext (alg: SigningAlgorithm, change: (keys: KeptKey[]) => KeptKey[]): Promise<void> {
    await this.ensure(alg)
    for (let isDone = false; !isDone;) {
      const made = hasStage(this.#keys, alg, 'next') ? [] : [{ ...await makeKey(alg), stage: 'next' as const }]
      await this.#change(keys => {
        const ready = hasStage(keys, alg, 'next') ? keys : [...keys, ...made]
        isDone = hasStage(ready, alg, 'next')
        return isDone ? change(ready) : keys
      })
    }
  }

  /** Of several changes at once, at whichever replica, each begins with what the others have made. */
  async #change (change: (keys: KeptKey[]) => KeptKey[]): Promise<void> {
    const { keys } = await this.#secrets.change<{ keys: KeptKey[] }>(name, kept => ({ keys: change(asKept(kept.keys, this.#lab)) }))
    this.#read(keys)
    await this.#onKept()
  }

  #read (kept: KeptKey[]): void {
    const keys = asKept(kept, this.#lab)
    if (isDeepStrictEqual(keys, this.#keys)) return
    this.#keys = keys
    this.#onChange()
  }
}

/** A file of before keys could be changed has none but those of the first start; and what a lab has unpublished counts there alone. */
function asKept (keys: KeptKey[], lab: boolean): KeptKey[] {
  const original: KeptKey[] = keys.some(key => key.original) ? keys : keys.map(key => ({ ...key, original: true }))
  return lab ? original : original.map(({ published, ...key }) => key)
}

const hasStage = (keys: KeptKey[], alg: string, stage: SigningKey['stage']) =>
  keys.some(key => !key.retired && key.alg === alg && stageOf(key) === stage)

function rotated (keys: KeptKey[], alg: string): KeptKey[] {
  const turned = keys.map((key): KeptKey => {
    if (key.alg !== alg || key.retired) return key
    if (stageOf(key) === 'next') return { ...key, stage: 'current', published: true }
    return stageOf(key) === 'current' ? { ...key, stage: 'previous' } : key
  })
  const previous = turned.filter(key => key.alg === alg && stageOf(key) === 'previous')
  const tooOld = new Set(previous.filter(key => !key.original).slice(0, -previousKept))
  return turned.filter(key => !tooOld.has(key))
}

function existing (keys: KeptKey[], kid: string): SigningKey {
  const key = keys.map(asSigningKey).find(key => key?.kid === kid)
  if (!key) throw new KeyError(`there is no key ${kid}`)
  return key
}

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
