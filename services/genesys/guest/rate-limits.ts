import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { TooManyRequests } from './frames.ts'

// Genesys' resource center, "Web messaging limits". That messages are texts and structured messages, while events count
// as requests only, is our choice.
const limits = {
  messages: { points: 5, duration: 1, message: 'Message rate too high for this session' },
  requests: { points: 60, duration: 60, message: 'Request rate too high for this connection' },
  configures: { points: 60, duration: 60, message: 'Configure rate too high for this session' },
  healthChecks: { points: 2, duration: 60, message: 'Health check rate too high for this connection' },
  histories: { points: 10, duration: 60, message: 'History rate too high for this session' },
  connections: { points: 1000, duration: 60, message: 'Connection rate too high for this deployment' }
}

/** What is counted, each by its own key: session, connection, conversation or deployment. */
export type Limited = keyof typeof limits

/** The rate limits of web messaging. They count within this process, as a replica of Genesys' may. */
export function createRateLimits (enabled: boolean) {
  const limiters = new Map(Object.entries(limits).map(([name, limit]) => [name, new RateLimiterMemory(limit)]))

  return {
    /** @throws {GuestError} 429, with the seconds after which it may be tried again */
    async count (limited: Limited, key: string): Promise<void> {
      if (!enabled) return
      try {
        await limiters.get(limited)!.consume(key)
      } catch (exceeded) {
        const { msBeforeNext } = exceeded as RateLimiterRes
        const { duration, message } = limits[limited]
        // Never longer than what is counted over, also where the clock was set back meanwhile.
        throw new TooManyRequests(Math.min(duration, Math.max(1, Math.ceil(msBeforeNext / 1000))), message)
      }
    }
  }
}

export type RateLimits = ReturnType<typeof createRateLimits>
