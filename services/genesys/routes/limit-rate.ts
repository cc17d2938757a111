import type { FastifyReply } from 'fastify'
import { PlatformError } from '../errors.ts'
import { TooManyRequests } from '../guest/frames.ts'
import type { Limited, RateLimits } from '../guest/rate-limits.ts'

/**
 * Count a REST request.
 *
 * @throws {PlatformError} 429 with `Retry-After`, in seconds
 */
export async function limitRate (rateLimits: RateLimits, limited: Limited, key: string, reply: FastifyReply): Promise<void> {
  try {
    await rateLimits.count(limited, key)
  } catch (error) {
    if (!(error instanceof TooManyRequests)) throw error
    reply.header('retry-after', error.retryAfter)
    throw new PlatformError(429, { message: error.message, reason: error.message })
  }
}
