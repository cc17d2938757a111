import type { Collection, Keeping } from '../store.ts'
import type { ReadCache } from './read-cache.ts'
import type { Row, Statements } from './statements.ts'
import type { Transactions } from './transactions.ts'

/** What the collections of one store share. */
interface Parts {
  statements: Statements
  transactions: Transactions
  cache: ReadCache
  /** as `CollectionOptions` say */
  maxCached: number
}

/** Entries of one kind, in SQLite. */
export class SqliteCollection<T> implements Collection<T> {
  readonly #name: string
  readonly #statements: Statements
  readonly #transactions: Transactions
  readonly #cache: ReadCache
  readonly #maxCached: number

  constructor (name: string, { statements, transactions, cache, maxCached }: Parts) {
    this.#name = name
    this.#statements = statements
    this.#transactions = transactions
    this.#cache = cache
    this.#maxCached = maxCached
  }

  get (key: string): Promise<T | undefined> {
    return this.#transactions.read(() => this.#get(key))
  }

  set (key: string, value: T, keeping: Keeping = {}): Promise<void> {
    const json = JSON.stringify(value)
    const expires = expiryOf(keeping)
    return this.#transactions.write(() => this.#put(key, json, expires, keeping.tags))
  }

  add (key: string, value: T, keeping: Keeping = {}): Promise<boolean> {
    const json = JSON.stringify(value)
    const expires = expiryOf(keeping)
    return this.#transactions.writeNow(now => {
      const insert = () => this.#statements.add.get(this.#name, key, json, expires) as { sequence: number } | undefined
      const row = insert() ?? (this.#deleteExpired(key, now) ? insert() : undefined)
      if (!row) return false
      for (const tag of keeping.tags ?? []) this.#statements.tag.run(this.#name, tag, row.sequence)
      return true
    })
  }

  update (key: string, change: (value: T) => T, keeping?: (value: T) => Keeping): Promise<T | undefined> {
    return this.#transactions.writeNow(now => {
      const value = this.#parse(this.#statements.get.get(this.#name, key, now))
      if (value === undefined) return undefined
      const changed = change(value)
      const json = JSON.stringify(changed)
      const kept = keeping?.(changed)
      this.#cache.delete(key)
      if (kept) this.#put(key, json, expiryOf(kept), kept.tags)
      else this.#statements.replace.run(json, this.#name, key)
      return changed
    })
  }

  take (key: string): Promise<T | undefined> {
    return this.#transactions.writeNow(now => {
      this.#cache.delete(key)
      return this.#parse(this.#statements.take.get(this.#name, key, now))
    })
  }

  delete (key: string): Promise<void> {
    return this.#transactions.write(() => {
      this.#cache.delete(key)
      this.#statements.delete.run(this.#name, key)
    })
  }

  compareAndDelete (key: string, value: T): Promise<void> {
    const json = JSON.stringify(value)
    return this.#transactions.write(() => {
      this.#cache.delete(key)
      this.#statements.compareAndDelete.run(this.#name, key, json)
    })
  }

  tagged (
    tag: string, { newestFirst = false, limit = -1, offset = 0 }: { newestFirst?: boolean, limit?: number, offset?: number } = {}
  ): Promise<T[]> {
    return this.#transactions.read(() => {
      const direction = newestFirst ? 'DESC' : 'ASC'
      const wanted = [this.#name, tag, Date.now()] as const
      const rows = offset !== 0 || (limit !== -1 && limit !== 1)
        ? this.#statements.pageTagged[direction].all(...wanted, limit, offset)
        : this.#statements[limit === 1 ? 'firstTagged' : 'tagged'][direction].all(...wanted)
      return rows.map(row => JSON.parse((row as unknown as Row).value) as T)
    })
  }

  countTagged (tag: string): Promise<number> {
    return this.#transactions.read(() => (this.#statements.countTagged.get(this.#name, tag, Date.now()) as { count: number }).count)
  }

  deleteTagged (tag: string): Promise<void> {
    return this.#transactions.write(() => {
      this.#cache.clear()
      this.#statements.deleteTagged.run(this.#name, tag)
    })
  }

  prolongTagged (tag: string, ttl: number): Promise<void> {
    const expires = expiryOf({ ttl })
    return this.#transactions.write(() => {
      this.#cache.clear()
      this.#statements.prolongTagged.run(expires, this.#name, tag)
    })
  }

  #get (key: string): T | undefined {
    const now = Date.now()
    const cached = this.#cache.get(key)
    if (cached) return cached.expires === null || cached.expires > now ? cached.value as T : undefined
    const row = this.#statements.get.get(this.#name, key, now)
    return row === undefined || this.#maxCached === 0
      ? this.#parse(row)
      : this.#cache.add(key, row as unknown as Row, this.#maxCached) as T
  }

  #put (key: string, json: string, expires: number | null, tags: string[] = []): void {
    this.#cache.delete(key)
    const { sequence } = this.#statements.set.get(this.#name, key, json, expires) as unknown as { sequence: number }
    this.#statements.untag.run(sequence)
    for (const tag of tags) this.#statements.tag.run(this.#name, tag, sequence)
  }

  #deleteExpired (key: string, now: number): boolean {
    this.#cache.delete(key)
    return this.#statements.deleteExpiredKey.run(this.#name, key, now).changes > 0
  }

  #parse (row: unknown): T | undefined {
    return row === undefined ? undefined : JSON.parse((row as Row).value) as T
  }
}

const expiryOf = ({ ttl }: Keeping) => ttl === undefined ? null : Date.now() + ttl * 1000
