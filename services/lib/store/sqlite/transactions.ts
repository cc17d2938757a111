import type { DatabaseSync } from 'node:sqlite'
import { stateErrorOf } from '../state-error.ts'
import type { Statements } from './statements.ts'

interface Write {
  run: () => void
  settle: () => void
  fail: (reason: unknown) => void
}

/**
 * Group commit: a commit costs many times what a statement does. So what is to be written in one turn of the event loop, for whomever,
 * goes into one transaction, and each writer hears only when that is committed. What is read in one turn shares a transaction too.
 */
export class Transactions {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #statements: Statements
  readonly #onReading: () => void
  readonly #endTurn = () => this.endTurn()
  #waiting: Write[] = []
  #isReading = false
  #isEndAwaited = false
  #failure: string | undefined
  #size: number | undefined

  /** @param options.onReading called when those who read have a new view of what is kept, before they read */
  constructor (
    database: DatabaseSync, { file, statements, onReading }: { file: string, statements: Statements, onReading: () => void }
  ) {
    this.#database = database
    this.#file = file
    this.#statements = statements
    this.#onReading = onReading
  }

  /** Why nothing can be written at the moment, in words. */
  get failure (): string | undefined {
    return this.#failure
  }

  /** Bytes of the file that are in use. */
  get size (): number {
    // It changes at the end of a turn only, by what this process writes.
    this.#awaitEndOfTurn()
    this.#size ??= (this.#statements.size.get() as { bytes: number }).bytes
    return this.#size
  }

  /**
   * To open and to end a transaction costs more than to read a row, so those who read in one turn share one. It sees what others had
   * committed when the turn began, and keeps nobody from writing.
   */
  async read<R> (run: () => R): Promise<R> {
    if (!this.#isReading) {
      this.#awaitEndOfTurn()
      this.#statements.begin.run()
      this.#isReading = true
      this.#onReading()
    }
    return run()
  }

  /** @throws {StateError} where the file is to blame, and what `run` throws */
  write<R> (run: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      let result: R
      this.#awaitEndOfTurn()
      this.#waiting.push({ run: () => { result = run() }, settle: () => resolve(result), fail: reject })
    })
  }

  /** As `write`, at a time: the clock is that of whoever asks, and what is written together may be written for several. */
  writeNow<R> (run: (now: number) => R): Promise<R> {
    const now = Date.now()
    return this.write(() => run(now))
  }

  /** End the transaction of those who have read, and commit what waits to be written. */
  endTurn (): void {
    this.#isEndAwaited = false
    this.#size = undefined
    if (this.#isReading) this.#endReading()
    this.#isReading = false
    this.#commitTogether()
  }

  #awaitEndOfTurn (): void {
    if (!this.#isEndAwaited) setImmediate(this.#endTurn)
    this.#isEndAwaited = true
  }

  #endReading (): void {
    try {
      this.#statements.commit.run()
    } catch {
      // What was read was read. Where the file is to blame, whoever asks next hears of it.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    }
  }

  #commitTogether (): void {
    const writes = this.#waiting
    this.#waiting = []
    if (writes.length === 0) return
    try {
      this.#commit(() => { for (const { run } of writes) run() })
    } catch (error) {
      // Another process holds the file. To wait for it again for each write would hold up everybody, so many times.
      if (isBusy((error as Error).cause)) {
        for (const { fail } of writes) fail(error)
        return
      }
      // One write has failed, and the others have nothing to do with it.
      for (const write of writes) this.#commitAlone(write)
      return
    }
    for (const { settle } of writes) settle()
  }

  #commitAlone ({ run, settle, fail }: Write): void {
    try {
      this.#commit(run)
    } catch (error) {
      return fail(error)
    }
    settle()
  }

  #commit (write: () => void): void {
    // What changes nothing does not show that something can be kept again.
    const before = this.#failure === undefined ? 0 : this.#countChanges()
    try {
      this.#statements.beginToWrite.run()
      write()
      this.#statements.commit.run()
    } catch (error) {
      // On a full disk SQLite has rolled back itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      const inWords = stateErrorOf(this.#file, error)
      if (inWords && !isBusy(error)) this.#failure = inWords.message
      throw inWords ?? error
    }
    if (this.#failure !== undefined && this.#countChanges() > before) this.#failure = undefined
  }

  #countChanges (): number {
    return (this.#statements.changes.get() as { count: number }).count
  }
}

const isBusy = (error: unknown) => (error as { errcode?: number } | undefined)?.errcode === 5
