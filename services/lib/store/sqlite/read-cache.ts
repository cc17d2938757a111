import type { Row, Statements } from './statements.ts'

interface CachedValue {
  value: unknown
  expires: number | null
}

/** The values of one collection that were read last, by their keys. */
export class ReadCache {
  readonly #values = new Map<string, CachedValue>()

  get (key: string): CachedValue | undefined {
    return this.#values.get(key)
  }

  /**
   * @param limit how many there may be; the one that has been there longest makes room
   * @returns the value, frozen, as whoever reads next gets the same
   */
  add (key: string, { value: json, expires }: Row, limit: number): unknown {
    const value: unknown = JSON.parse(json, (_name, part: unknown) => Object.freeze(part))
    if (this.#values.size >= limit) this.#values.delete(this.#values.keys().next().value!)
    this.#values.set(key, { value, expires })
    return value
  }

  delete (key: string): void {
    this.#values.delete(key)
  }

  clear (): void {
    this.#values.clear()
  }
}

/**
 * Cache invalidation: of each collection the values that were read last stay, as long as nobody has written them. Of what this process
 * writes it knows itself, of what others do SQLite tells.
 */
export class ReadCaches {
  readonly #statements: Statements
  readonly #caches = new Map<string, ReadCache>()
  #isUsed = false
  #version: number | undefined

  constructor (statements: Statements) {
    this.#statements = statements
  }

  /**
   * The one cache of a collection, whoever has it opened.
   *
   * @param limit as for `add`; where it is nothing in all collections, nobody has to ask what others have changed
   */
  of (collection: string, limit: number): ReadCache {
    const cache = this.#caches.get(collection) ?? new ReadCache()
    this.#caches.set(collection, cache)
    if (limit > 0) this.#isUsed = true
    return cache
  }

  /** To be called when a transaction has begun. */
  clearWhatOthersChanged (): void {
    if (!this.#isUsed) return
    // Another one once another connection has committed (https://www.sqlite.org/pragma.html#pragma_data_version).
    const { data_version: version } = this.#statements.version.get() as { data_version: number }
    if (version !== this.#version) this.clear()
    this.#version = version
  }

  clear (): void {
    for (const cache of this.#caches.values()) cache.clear()
  }
}
