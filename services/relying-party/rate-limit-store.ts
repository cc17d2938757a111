import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { RateLimiterMemory } from 'rate-limiter-flexible'

/**
 * Where sign-ins are counted: a window ends by a timer. That of `@fastify/rate-limit` ends by the time of day, so whoever
 * used it up would be shut out for as long as the clock is set back.
 */
export class RateLimitStore implements FastifyRateLimitStore {
  readonly #counted = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 60 })

  incr (key: string, callback: Parameters<FastifyRateLimitStore['incr']>[1], timeWindow: number): void {
    this.#counted.penalty(key, 1, { customDuration: timeWindow / 1000 }).then(
      ({ consumedPoints, msBeforeNext }) => callback(null, { current: consumedPoints, ttl: Math.min(msBeforeNext, timeWindow) }),
      callback)
  }

  /** Each route counts its own. */
  child (): RateLimitStore {
    return new RateLimitStore()
  }
}
