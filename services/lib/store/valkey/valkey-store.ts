import type { Collection, CollectionOptions, Secrets, SharedLog, Signals, Store, WindowCounter } from '../store.ts'
import { ExpirySweep } from './expiry-sweep.ts'
import { ValkeyCollection } from './valkey-collection.ts'
import type { ValkeyConnection } from './valkey-connection.ts'
import { ValkeyLog } from './valkey-log.ts'
import { ValkeySecrets } from './valkey-secrets.ts'
import { ValkeySignals } from './valkey-signals.ts'
import { ValkeySpace } from './valkey-space.ts'
import { ValkeyWindowCounter } from './valkey-window-counter.ts'

/** A store in Valkey, for any number of processes. */
export class ValkeyStore implements Store {
  readonly isShared = true
  readonly secrets: Secrets
  readonly signals: Signals
  readonly #connection: ValkeyConnection
  readonly #release: () => Promise<void>
  readonly #space: ValkeySpace
  readonly #sweep: ExpirySweep

  /** @param release lets go of the connection */
  constructor (name: string, { connection, release }: { connection: ValkeyConnection, release: () => Promise<void> }) {
    this.#connection = connection
    this.#release = release
    this.#space = new ValkeySpace(connection, name)
    this.secrets = new ValkeySecrets(this.#space)
    this.signals = new ValkeySignals(this.#space, connection.subscriptions)
    this.#sweep = new ExpirySweep(this.#space)
  }

  collection<T> (name: string, { onExpired }: CollectionOptions<T> = {}): Collection<T> {
    const collection = new ValkeyCollection<T>(this.#space, name)
    this.#sweep.add(collection.keys, onExpired)
    return collection
  }

  sharedLog<T> (name: string, options: { maxEntries: number }): SharedLog<T> {
    return new ValkeyLog<T>(this.#space, name, options)
  }

  windowCounter (name: string, seconds: number): WindowCounter {
    return new ValkeyWindowCounter(this.#space, name, seconds)
  }

  async readRevision (): Promise<number> {
    return Number(await this.#space.run(client => client.get(this.#space.keyOf('revision'))))
  }

  revise (): Promise<number> {
    return this.#space.run(client => client.incr(this.#space.keyOf('revision')), { writes: true })
  }

  get failure (): string | undefined {
    return this.#connection.failure
  }

  get size (): number {
    return this.#connection.size
  }

  clear (): Promise<void> {
    return this.#space.clear()
  }

  async remove (): Promise<void> {
    await this.#space.remove()
    await this.close()
  }

  async close (): Promise<void> {
    if (this.#space.isClosed) return
    this.#sweep.stop()
    this.#space.close()
    await this.#release()
  }
}
