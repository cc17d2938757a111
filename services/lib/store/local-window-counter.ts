import type { RateLimiterMemory } from 'rate-limiter-flexible'
import type { WindowCounter } from './store.ts'

/** Counts within this process: where it has its store alone, or what is counted belongs to it, such as a socket. */
export class LocalWindowCounter implements WindowCounter {
  readonly #seconds: number
  #limiter: Promise<RateLimiterMemory> | undefined

  /** @param seconds how long a window is */
  constructor (seconds: number) {
    this.#seconds = seconds
  }

  async count (key: string): Promise<{ count: number, msLeft: number }> {
    this.#limiter ??= this.#open()
    const { consumedPoints, msBeforeNext } = await (await this.#limiter).penalty(key)
    // A window ends by a timer. What is said of its end goes by the time of day, which may have been set back meanwhile.
    return { count: consumedPoints, msLeft: Math.min(msBeforeNext, this.#seconds * 1_000) }
  }

  clear (): void {
    this.#limiter = undefined
  }

  /** Loaded for the first that is counted: a service has often answered before, and some count nothing. */
  async #open (): Promise<RateLimiterMemory> {
    const { RateLimiterMemory } = await import('rate-limiter-flexible')
    return new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: this.#seconds })
  }
}
