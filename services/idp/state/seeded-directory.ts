import { isDeepStrictEqual } from 'node:util'
import type { Collection, Store } from '#lib/store/store.ts'

interface Change<T> { key: string, entry?: T }

const tags = ['change']

/**
 * Entries of a data file, with what was changed about them at run time. The changes are kept in the store, so that a
 * restart finds them; the file is never written to.
 */
export class SeededDirectory<T> {
  readonly #seed: T[]
  readonly #keyOf: (entry: T) => string
  readonly #changes: Collection<Change<T>>
  #entries: Map<string, T>
  #onChange = () => {}

  /**
   * @param options.name of the collection that keeps the changes
   * @param options.lab whether what a lab has changed counts
   * @param options.seed the entries of the data file
   * @param options.keyOf what an entry is called
   */
  static async open<T> (
    store: Store, options: { name: string, lab: boolean, seed: T[], keyOf: (entry: T) => string }
  ): Promise<SeededDirectory<T>> {
    const changes = store.collection<Change<T>>(options.name)
    return new SeededDirectory(options.seed, options.keyOf, changes, options.lab ? await changes.tagged('change') : [])
  }

  private constructor (seed: T[], keyOf: (entry: T) => string, changes: Collection<Change<T>>, made: Change<T>[]) {
    this.#seed = seed
    this.#keyOf = keyOf
    this.#changes = changes
    this.#entries = this.#read(made)
  }

  #read (made: Change<T>[] = []): Map<string, T> {
    const entries = new Map(this.#seed.map(entry => [this.#keyOf(entry), entry]))
    for (const { key, entry } of made) {
      if (entry) entries.set(key, entry)
      else entries.delete(key)
    }
    return entries
  }

  get all (): T[] {
    return [...this.#entries.values()]
  }

  get (key: string): T | undefined {
    return this.#entries.get(key)
  }

  /** Be told of every change. */
  onChange (listener: () => void): void {
    this.#onChange = listener
  }

  /** Add an entry, or replace the one of the same key. */
  async put (entry: T): Promise<void> {
    const key = this.#keyOf(entry)
    await this.#change(key, entry, () => this.#changes.set(key, { key, entry }, { tags }))
  }

  /** @returns whether there was one */
  async remove (key: string): Promise<boolean> {
    if (!this.#entries.has(key)) return false
    await this.#change(key, undefined, () => this.#changes.set(key, { key }, { tags }))
    return true
  }

  /** Back to what the data file says. */
  async reset (): Promise<void> {
    const before = this.#entries
    this.#entries = this.#read()
    this.#onChange()
    try {
      await this.#changes.deleteTagged('change')
    } catch (error) {
      this.#entries = before
      this.#onChange()
      throw error
    }
  }

  /** Read what other replicas have changed. */
  async reload (): Promise<void> {
    const entries = this.#read(await this.#changes.tagged('change'))
    if (isDeepStrictEqual(entries, this.#entries)) return
    this.#entries = entries
    this.#onChange()
  }

  /**
   * Change an entry at once, so that of several changes at a time each begins with what the others have made. What could not be
   * kept is taken back, unless another change has come on top of it.
   */
  async #change (key: string, entry: T | undefined, keep: () => Promise<void>): Promise<void> {
    const before = this.#entries.get(key)
    const order = [...this.#entries.keys()]
    this.#set(key, entry)
    try {
      await keep()
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#set(key, before)
      this.#entries = inOrder(this.#entries, order)
      throw error
    }
  }

  #set (key: string, entry: T | undefined): void {
    if (entry === undefined) this.#entries.delete(key)
    else this.#entries.set(key, entry)
    this.#onChange()
  }
}

const inOrder = <T>(entries: Map<string, T>, first: string[]): Map<string, T> =>
  new Map([...first, ...entries.keys()].filter(key => entries.has(key)).map(key => [key, entries.get(key)!]))
