import { compactVerify, importJWK, type JWK } from 'jose'

const maxRemembered = 2_000

/** Verifies signatures, and remembers what came of it: a journey is examined again with each message that comes to it. */
export class Signatures {
  readonly #found = new Map<string, Promise<boolean>>()

  /**
   * @param jws in its compact form
   * @param key public, or the client's secret
   * @returns whether the signature is of this key; not so for a key that is none for the algorithm
   */
  isOf (jws: string, alg: string, key: JWK): Promise<boolean> {
    const name = [jws, alg, key.kid, key.n ?? key.x ?? key.k].join(' ')
    const found = this.#found.get(name) ?? verify(jws, alg, key)
    this.#found.set(name, found)
    if (this.#found.size > maxRemembered) this.#found.delete(this.#found.keys().next().value!)
    return found
  }
}

const verify = async (jws: string, alg: string, key: JWK): Promise<boolean> => {
  try {
    await compactVerify(jws, await importJWK(key, alg), { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}
