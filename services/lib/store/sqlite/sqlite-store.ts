import type { DatabaseSync } from 'node:sqlite'
import type { Collection, CollectionOptions, Store } from '../store.ts'
import { ExpirySweep } from './expiry-sweep.ts'
import { ReadCaches } from './read-cache.ts'
import { pragmas, schema } from './tables.ts'
import { SqliteCollection } from './sqlite-collection.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { Transactions } from './transactions.ts'

/** A store in a database of SQLite. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #transactions: Transactions
  readonly #caches: ReadCaches
  readonly #sweep: ExpirySweep

  /** @param file where the database lies, for what is said when it cannot be written */
  constructor (database: DatabaseSync, file: string) {
    database.exec(`${pragmas}${schema}`)
    const statements = prepareStatements(database)
    const caches = new ReadCaches(statements)
    const transactions = new Transactions(database, { file, statements, onReading: () => caches.clearWhatOthersChanged() })
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

  get failure (): string | undefined {
    return this.#transactions.failure
  }

  get size (): number {
    return this.#transactions.size
  }

  clear (): Promise<void> {
    return this.#transactions.write(() => {
      this.#caches.clear()
      this.#statements.deleteAll.run()
    })
  }

  close (): void {
    this.#sweep.stop()
    this.#transactions.endTurn()
    this.#database.close()
  }
}
