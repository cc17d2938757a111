import { finished, Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { Bytes } from './attachment-files.ts'

// A minute for the largest file takes 1.3 Mbit/s; there are five of them.
const uploadTimeoutMs = 5 * 60_000

/** Have the routes of a plugin get what is sent as it comes, part by part, whatever its type is said to be. */
export function streamBodies (app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, payload: Readable) => payload)
}

/**
 * Take a file that is the body of a request, part by part, so that none is ever in memory as a whole.
 *
 * @param take what is done with its bytes; there are none where the request has no body
 * @throws {PlatformError} 400 where the connection breaks, or what `take` throws
 */
export async function takeBody<T> (request: FastifyRequest, take: (bytes: Bytes) => Promise<T>): Promise<T> {
  const { raw, body } = request
  if (!(body instanceof Readable)) return await take([])
  // A request that was answered before it was complete never says that it has ended, so this must not keep the process.
  const timeout = setTimeout(() => raw.destroy(), uploadTimeoutMs).unref()
  // Also where it has ended by now.
  finished(raw, () => clearTimeout(timeout))
  try {
    // A stream that is destroyed takes the connection with it, and the answer.
    return await take(body.iterator({ destroyOnReturn: false }))
  } catch (error) {
    if (raw.readableAborted) throw new PlatformError(400, { reason: 'the connection broke during the upload', cause: error })
    // Few clients read an answer before they have sent everything. What is left goes nowhere.
    body.resume()
    throw error
  }
}
