import type { ValkeySpace } from './valkey-space.ts'

const sweepEveryMs = 30_000
const entriesPerScript = 500

interface Keys { expiries: string, entryPrefix: string, tagPrefix: string }

/**
 * Expiry sweep: entries whose time is over are found by nobody from then on, and are deleted at the next sweep of any process that
 * has opened the collection. Each entry is taken by one of them.
 */
export class ExpirySweep {
  readonly #space: ValkeySpace
  readonly #collections = new Map<string, Keys & { tell: ((value: never) => void) | undefined }>()
  readonly #timer: NodeJS.Timeout

  constructor (space: ValkeySpace) {
    this.#space = space
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs)
    this.#timer.unref()
  }

  /** @param tell whom to tell of the values that are swept away; whoever opens the collection without it leaves that as it is */
  add<T> (keys: Keys, tell: ((value: T) => void) | undefined): void {
    const known = this.#collections.get(keys.expiries)
    this.#collections.set(keys.expiries, { ...keys, tell: tell ?? known?.tell })
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  async #sweep (): Promise<void> {
    const collections = [...this.#collections.values()]
    if (collections.length === 0) return
    const now = Date.now()
    const wanted = collections.flatMap(({ entryPrefix, tagPrefix, tell }) => [entryPrefix, tagPrefix, tell ? '1' : ''])
    try {
      for (let hasMore = 1; hasMore === 1;) {
        const [more, ...expired] = await this.#space.run(client => client.storeSweep(
          collections.length, ...collections.map(({ expiries }) => expiries), now, entriesPerScript, ...wanted))
        for (const [index, values] of expired.entries()) {
          for (const json of values) collections[index]!.tell?.(JSON.parse(json) as never)
        }
        hasMore = more
      }
    } catch {
      // The next sweep finds it too.
    }
  }
}
