import type { FastifyReply } from 'fastify'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequests } from './guest-errors.ts'
import { PlatformError } from './platform-errors.ts'

// Genesys' resource center, "Web messaging limits": so many `points` in `duration` seconds. Messages are texts and structured
// messages; events count as requests only.
const limits = {
  messages: { points: 5, duration: 1, message: 'Message rate too high for this session' },
  requests: { points: 60, duration: 60, message: 'Request rate too high for this connection' },
  configures: { points: 60, duration: 60, message: 'Configure rate too high for this session' },
  healthChecks: { points: 2, duration: 60, message: 'Health check rate too high for this connection' },
  histories: { points: 10, duration: 60, message: 'History rate too high for this session' },
  journeyEvents: { points: 120, duration: 60, message: 'Event rate too high for this customer' },
  connections: { points: 1000, duration: 60, message: 'Connection rate too high for this deployment' }
}

/** What is counted, each by its own key: session, connection, conversation, customer or deployment. */
type Limited = keyof typeof limits

/** The rate limits of web messaging. They count within this process, as a replica of Genesys' may. */
export class RateLimiter {
  readonly #enabled: boolean
  readonly #limiters = new Map(Object.entries(limits).map(([name, limit]) => [name, new RateLimiterMemory(limit)]))

  constructor (enabled: boolean) {
    this.#enabled = enabled
  }

  /** @throws {TooManyRequests} with the seconds after which it may be tried again */
  async count (limited: Limited, key: string): Promise<void> {
    if (!this.#enabled) return
    try {
      await this.#limiters.get(limited)!.consume(key)
    } catch (exceeded) {
      const { msBeforeNext } = exceeded as RateLimiterRes
      const { duration, message } = limits[limited]
      // Never longer than what is counted over, also where the clock was set back meanwhile.
      throw new TooManyRequests(Math.min(duration, Math.max(1, Math.ceil(msBeforeNext / 1000))), message)
    }
  }

  /**
   * Count a REST request.
   *
   * @throws {PlatformError} 429 with `Retry-After`, in seconds
   */
  async countRequest (limited: Limited, key: string, reply: FastifyReply): Promise<void> {
    try {
      await this.count(limited, key)
    } catch (error) {
      if (!(error instanceof TooManyRequests)) throw error
      reply.header('retry-after', error.retryAfter)
      throw new PlatformError(429, { message: error.message, reason: error.message })
    }
  }
}
