import type { ReadCaches } from './read-cache.ts'
import type { Row, Statements } from './statements.ts'
import type { Transactions } from './transactions.ts'

const sweepEveryMs = 30_000

/** Expiry sweep: entries whose time is over are found by nobody from then on, and are deleted at the next sweep. */
export class ExpirySweep {
  readonly #statements: Statements
  readonly #transactions: Transactions
  readonly #caches: ReadCaches
  readonly #listeners = new Map<string, (value: never) => void>()
  readonly #timer: NodeJS.Timeout

  constructor ({ statements, transactions, caches }: { statements: Statements, transactions: Transactions, caches: ReadCaches }) {
    this.#statements = statements
    this.#transactions = transactions
    this.#caches = caches
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs)
    this.#timer.unref()
  }

  /** Whom to tell of the values of a collection that are swept away. */
  onExpired<T> (collection: string, tell: (value: T) => void): void {
    this.#listeners.set(collection, tell)
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  #sweep (): void {
    this.#transactions.writeNow(now => this.#takeExpired(now)).then(expired => {
      for (const { tell, rows } of expired) for (const row of rows) tell(JSON.parse((row as unknown as Row).value) as never)
    }, () => { /* the next sweep finds it too */ })
  }

  #takeExpired (now: number) {
    const expired = [...this.#listeners].map(([name, tell]) => ({ tell, rows: this.#statements.takeExpired.all(now, name) }))
    this.#statements.deleteExpired.run(now)
    this.#caches.clear()
    if (this.#transactions.failure !== undefined) this.#probe()
    return expired
  }

  /** Health probe: whether something can be written again is seen by writing. */
  #probe (): void {
    this.#statements.set.get('trial', '', '', null)
    this.#statements.delete.run('trial', '')
  }
}
