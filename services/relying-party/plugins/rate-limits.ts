import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { RateLimiterMemory } from 'rate-limiter-flexible'

/** Rate limits, as they are written at the routes that have one. */
export const rateLimits = fp(async app => {
  await app.register(rateLimit, { global: false, store: FixedWindows })
}, { name: 'rate-limits' })

/**
 * Fixed windows that end by a timer. Those of `@fastify/rate-limit` end by the time of day, so whoever used one up would be shut
 * out for as long as the clock is set back.
 */
class FixedWindows implements FastifyRateLimitStore {
  readonly #counted = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 60 })

  incr (key: string, callback: Parameters<FastifyRateLimitStore['incr']>[1], timeWindow: number): void {
    this.#counted.penalty(key, 1, { customDuration: timeWindow / 1000 }).then(
      ({ consumedPoints, msBeforeNext }) => callback(null, { current: consumedPoints, ttl: Math.min(msBeforeNext, timeWindow) }),
      callback)
  }

  /** Each route counts its own. */
  child (): FixedWindows {
    return new FixedWindows()
  }
}
