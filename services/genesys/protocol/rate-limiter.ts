import type { FastifyReply } from 'fastify'
import { LocalWindowCounter } from '#lib/store/local-window-counter.ts'
import type { Store } from '#lib/store/store.ts'
import { TooManyRequests } from './guest-errors.ts'
import { PlatformError } from './platform-errors.ts'

/** What is counted, each by its own key: session, connection, conversation, customer or deployment. */
type Limited = 'messages' | 'requests' | 'configures' | 'healthChecks' | 'histories' | 'journeyEvents' | 'connections'

// Genesys' resource center, "Web messaging limits": so many in so many seconds. Messages are texts and structured messages; events
// count as requests only. What belongs to a connection is counted where that ends.
const limits: Record<Limited, { most: number, seconds: number, message: string, isOfConnection?: true }> = {
  messages: { most: 5, seconds: 1, message: 'Message rate too high for this session' },
  requests: { most: 60, seconds: 60, message: 'Request rate too high for this connection', isOfConnection: true },
  configures: { most: 60, seconds: 60, message: 'Configure rate too high for this session' },
  healthChecks: { most: 2, seconds: 60, message: 'Health check rate too high for this connection', isOfConnection: true },
  histories: { most: 10, seconds: 60, message: 'History rate too high for this session' },
  journeyEvents: { most: 120, seconds: 60, message: 'Event rate too high for this customer' },
  connections: { most: 1000, seconds: 60, message: 'Connection rate too high for this deployment' }
}

/** The rate limits of web messaging. All processes on the store count together. */
export class RateLimiter {
  readonly #enabled: boolean
  readonly #counters

  constructor (store: Store, enabled: boolean) {
    this.#enabled = enabled
    this.#counters = new Map(Object.entries(limits).map(([name, { seconds, isOfConnection }]) =>
      [name, isOfConnection ? new LocalWindowCounter(seconds) : store.windowCounter(name, seconds)]))
  }

  /**
   * @throws {TooManyRequests} with the seconds after which it may be tried again
   * @throws {StateError} where the store cannot be reached, or written
   */
  async count (limited: Limited, key: string): Promise<void> {
    if (!this.#enabled) return
    const { count, msLeft } = await this.#counters.get(limited)!.count(key)
    const { most, message } = limits[limited]
    if (count > most) throw new TooManyRequests(Math.max(1, Math.ceil(msLeft / 1_000)), message)
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
