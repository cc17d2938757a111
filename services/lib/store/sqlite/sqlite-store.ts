import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { LocalWindowCounter } from '../local-window-counter.ts'
import type { Collection, CollectionOptions, Store, WindowCounter } from '../store.ts'
import { ExpirySweep } from './expiry-sweep.ts'
import { FileSecrets } from './file-secrets.ts'
import { LocalSignals } from './local-signals.ts'
import { ReadCaches } from './read-cache.ts'
import { pragmas, schema } from './tables.ts'
import { SqliteCollection } from './sqlite-collection.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { Transactions } from './transactions.ts'

/** A store in a database of SQLite, which one process has alone. */
export class SqliteStore implements Store {
  readonly isShared = false
  readonly secrets: FileSecrets
  readonly signals = new LocalSignals()
  readonly #folder: string
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #transactions: Transactions
  readonly #caches: ReadCaches
  readonly #sweep: ExpirySweep
  readonly #counters = new Map<string, LocalWindowCounter>()

  #revision = 0

  /**
   * @param options.file where the database lies, for what is said when it cannot be written
   * @param options.folder where everything lies
   */
  constructor (database: DatabaseSync, { file, folder }: { file: string, folder: string }) {
    database.exec(`${pragmas}${schema}`)
    const statements = prepareStatements(database)
    const caches = new ReadCaches(statements)
    const transactions = new Transactions(database, { file, statements, onReading: () => caches.clearWhatOthersChanged() })
    this.secrets = new FileSecrets(folder)
    this.#folder = folder
    this.#database = database
    this.#statements = statements
    this.#caches = caches
    this.#transactions = transactions
    this.#sweep = new ExpirySweep({ statements, transactions, caches })
  }

  collection<T> (name: string, { maxCached = 0, onExpired }: CollectionOptions<T> = {}): Collection<T> {
    if (onExpired) this.#sweep.onExpired(name, onExpired)
    return new SqliteCollection<T>(name, {
      statements: this.#statements, transactions: this.#transactions, cache: this.#caches.of(name, maxCached), maxCached
    })
  }

  sharedLog (): undefined {}

  /** Counts are in memory: at the next start, windows begin anew. */
  windowCounter (name: string, seconds: number): WindowCounter {
    const counter = this.#counters.get(name) ?? new LocalWindowCounter(seconds)
    this.#counters.set(name, counter)
    return counter
  }

  async readRevision (): Promise<number> {
    return this.#revision
  }

  async revise (): Promise<number> {
    return ++this.#revision
  }

  get failure (): string | undefined {
    return this.#transactions.failure
  }

  get size (): number {
    return this.#transactions.size
  }

  clear (): Promise<void> {
    for (const counter of this.#counters.values()) counter.clear()
    return this.#transactions.write(() => {
      this.#caches.clear()
      this.#statements.deleteAll.run()
    })
  }

  async remove (): Promise<void> {
    await this.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async close (): Promise<void> {
    if (!this.#database.isOpen) return
    this.#sweep.stop()
    this.#transactions.endTurn()
    this.#database.close()
  }
}
