import { createSerialQueues } from '../../concurrency/serial-queue.ts'
import type { Collection, Keeping } from '../store.ts'
import { expiryOf, type ValkeySpace } from './valkey-space.ts'

/** Entries of one kind, in Valkey. */
export class ValkeyCollection<T> implements Collection<T> {
  readonly #space: ValkeySpace
  readonly #entryPrefix: string
  readonly #tagPrefix: string
  readonly #sequences: string
  readonly #expiries: string
  // Those of one process need not get in each other's way.
  readonly #inTurn = createSerialQueues()

  constructor (space: ValkeySpace, name: string) {
    this.#space = space
    this.#entryPrefix = space.prefixOf('e', `${name}:`)
    this.#tagPrefix = space.prefixOf('t', `${name}:`)
    this.#sequences = space.keyOf('sequence')
    this.#expiries = space.prefixOf('x', name)
  }

  /** What the sweep has to know of it. */
  get keys (): { expiries: string, entryPrefix: string, tagPrefix: string } {
    return { expiries: this.#expiries, entryPrefix: this.#entryPrefix, tagPrefix: this.#tagPrefix }
  }

  async get (key: string): Promise<T | undefined> {
    const json = await this.#read(key)
    return json === undefined ? undefined : JSON.parse(json) as T
  }

  async set (key: string, value: T, keeping: Keeping = {}): Promise<void> {
    const written = [JSON.stringify(value), ...keepingOf(keeping)]
    await this.#space.run(client => client.storeSet(...this.#entry(key), ...written), { writes: true })
  }

  async add (key: string, value: T, keeping: Keeping = {}): Promise<boolean> {
    const written = [JSON.stringify(value), ...keepingOf(keeping), Date.now()]
    return await this.#space.run(client => client.storeAdd(...this.#entry(key), ...written)) === 1
  }

  /** Optimistic locking: who finds another value there than was read begins anew. */
  update (key: string, change: (value: T) => T, keeping?: (value: T) => Keeping): Promise<T | undefined> {
    return this.#inTurn(key, async () => {
      for (;;) {
        const old = await this.#read(key)
        if (old === undefined) return undefined
        const changed = change(JSON.parse(old) as T)
        const written = [old, JSON.stringify(changed), Date.now(), ...keeping ? keepingOf(keeping(changed)) : []]
        if (await this.#space.run(client => client.storeReplace(...this.#entry(key), ...written)) === 1) return changed
      }
    })
  }

  async take (key: string): Promise<T | undefined> {
    const now = Date.now()
    const json = await this.#space.run(client => client.storeTake(...this.#entry(key), now))
    return json === null ? undefined : JSON.parse(json) as T
  }

  async delete (key: string): Promise<void> {
    await this.#space.run(client => client.storeDelete(...this.#entry(key)))
  }

  async compareAndDelete (key: string, value: T): Promise<void> {
    const json = JSON.stringify(value)
    await this.#space.run(client => client.storeDelete(...this.#entry(key), json))
  }

  async tagged (
    tag: string, { newestFirst = false, limit = -1, offset = 0 }: { newestFirst?: boolean, limit?: number, offset?: number } = {}
  ): Promise<T[]> {
    const wanted = [this.#entryPrefix, Date.now(), newestFirst ? '1' : '', offset, limit]
    const values = await this.#space.run(client => client.storeTagged(this.#tagPrefix + tag, ...wanted))
    return values.map(json => JSON.parse(json) as T)
  }

  countTagged (tag: string): Promise<number> {
    const now = Date.now()
    return this.#space.run(client => client.storeCountTagged(this.#tagPrefix + tag, this.#entryPrefix, now))
  }

  async deleteTagged (tag: string): Promise<void> {
    await this.#space.run(client =>
      client.storeDeleteTagged(this.#tagPrefix + tag, this.#expiries, this.#entryPrefix, this.#tagPrefix))
  }

  async prolongTagged (tag: string, ttl: number): Promise<void> {
    const until = [Date.now(), ...expiryOf(ttl)]
    await this.#space.run(client =>
      client.storeProlongTagged(this.#tagPrefix + tag, this.#expiries, this.#entryPrefix, this.#tagPrefix, ...until))
  }

  #entry (key: string) {
    return [this.#entryPrefix + key, this.#sequences, this.#expiries, key, this.#tagPrefix] as const
  }

  async #read (key: string): Promise<string | undefined> {
    const now = Date.now()
    const [value, expires] = await this.#space.run(client => client.hmget(this.#entryPrefix + key, 'v', 'e'))
    const isAlive = expires === null || Number(expires) > now
    return isAlive ? value ?? undefined : undefined
  }
}

const keepingOf = ({ ttl, tags = [] }: Keeping) => [...expiryOf(ttl), tags.length === 0 ? '' : JSON.stringify(tags)]
