import type { Store } from './store.ts'

/**
 * Read your own writes: what one replica was told holds for the very next request, whichever replica that comes to. So before each
 * request the revision of the store is read, and where it has moved, what is in memory is read anew.
 */
export class RevisionFollower {
  readonly #store: Store
  readonly #reloads: (() => Promise<void>)[] = []
  #known: number | undefined
  #reading: { revision: number, done: Promise<void> } | undefined

  constructor (store: Store) {
    this.#store = store
  }

  /** @param reload reads anew what is in memory, and `Store.revise` is called for */
  onRevised (reload: () => Promise<void>): void {
    this.#reloads.push(reload)
  }

  /**
   * To be waited for before a request is answered; it does nothing where no other process has the store.
   *
   * @throws {StateError} where the store cannot be read
   */
  async catchUp (): Promise<void> {
    if (!this.#store.isShared) return
    const revision = await this.#store.readRevision()
    if (revision === this.#known) return
    // Single flight, of those who have seen the same revision: what was read for an earlier one may be stale.
    if (this.#reading?.revision !== revision) this.#reading = this.#read(revision)
    await this.#reading.done
  }

  #read (revision: number) {
    const reading = {
      revision,
      done: Promise.all(this.#reloads.map(reload => reload())).then(() => {
        if (this.#reading === reading) this.#known = revision
      })
    }
    reading.done.catch(() => { if (this.#reading === reading) this.#reading = undefined })
    return reading
  }

  /** Have all replicas read anew what was changed; to be waited for before whoever has changed it is answered. */
  async revise (): Promise<void> {
    if (this.#store.isShared) await this.#store.revise()
  }
}
