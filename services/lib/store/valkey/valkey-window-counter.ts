import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { WindowCounter } from '../store.ts'
import type { ValkeyClient } from './scripts.ts'
import type { ValkeySpace } from './valkey-space.ts'

/** Counts in keys that end by the server's clock. */
export class ValkeyWindowCounter implements WindowCounter {
  readonly #space: ValkeySpace
  readonly #options: { keyPrefix: string, points: number, duration: number }
  #limiter: RateLimiterRedis | undefined

  constructor (space: ValkeySpace, name: string, seconds: number) {
    this.#space = space
    this.#options = { keyPrefix: space.prefixOf('w', name), points: Number.MAX_SAFE_INTEGER, duration: seconds }
  }

  async count (key: string): Promise<{ count: number, msLeft: number }> {
    const { consumedPoints, msBeforeNext } = await this.#space.run(client => this.#limiterOn(client).penalty(key), { writes: true })
    return { count: consumedPoints, msLeft: msBeforeNext }
  }

  // The script of `RateLimiterValkey` runs on Valkey alone, and STORE_URL may name a Redis.
  #limiterOn (client: ValkeyClient): RateLimiterRedis {
    this.#limiter ??= new RateLimiterRedis({ storeClient: client, ...this.#options })
    return this.#limiter
  }
}
