import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'

// After the codes that Genesys' other platform APIs use. What it gives with a failed exchange, refresh or revoke is not documented:
// see "The wire" in services/genesys/README.md.
const codes: Record<number, { code: string, message: string }> = {
  400: { code: 'bad.request', message: 'The request could not be understood by the server due to malformed syntax.' },
  401: { code: 'bad.credentials', message: 'Unable to authenticate with the credentials given.' },
  403: { code: 'forbidden', message: 'You are not authorized to perform the requested action.' },
  404: { code: 'not.found', message: 'The requested resource was not found.' },
  409: { code: 'conflict', message: 'The request conflicts with the state of the resource.' },
  413: { code: 'request.entity.too.large', message: 'The request is over the size limit.' },
  415: { code: 'unsupported.media.type', message: 'The request has an unsupported media type.' },
  426: { code: 'upgrade.required', message: 'This resource is a WebSocket.' },
  429: { code: 'too.many.requests', message: 'Rate limit exceeded.' },
  500: { code: 'internal.server.error', message: 'The server encountered an unexpected condition.' },
  503: { code: 'service.unavailable', message: 'The service is unavailable, try again later.' }
}

/** A failure that a REST client gets to see as a platform error body. */
export class PlatformError extends Error {
  override name = 'PlatformError'
  readonly status: number
  readonly reason: string | undefined
  readonly hint: string | undefined

  /**
   * @param status HTTP status; it decides `code` and, as a rule, `message` of the body
   * @param options.message another text than the usual for this status
   * @param options.reason why, in words for the log only: a page may see no more than the real product tells it
   * @param options.hint what to do about it, not for the page either
   */
  constructor (status: number, { message, reason, hint, cause }: {
    message?: string
    reason?: string
    hint?: string | undefined
    cause?: unknown
  } = {}) {
    super(message ?? describe(status).message, { cause })
    this.status = status
    this.reason = reason
    this.hint = hint
  }

  /** What Fastify and the lab's own pages read. */
  get statusCode (): number {
    return this.status
  }
}

const describe = (status: number) => codes[status] ?? codes[status < 500 ? 400 : 500]!

/** What a page is told of a failure, and why it came about. */
export interface Failure {
  status: number
  message: string
  reason?: string | undefined
  hint?: string | undefined
}

/** A failure of any kind in words, none of which quotes what was sent. */
export function describeFailure (error: FastifyError | PlatformError): Failure {
  if (error instanceof PlatformError) return error
  // Only a schema's message is passed on: that of a JSON parser may quote the body.
  if (error.validation) return { status: 400, message: error.message, reason: error.message }
  const status = error.statusCode ?? 500
  return { status, message: describe(status).message, ...(status < 500 && { reason: error.code }) }
}

const contextIds = new WeakMap<FastifyRequest, string>()

/** By which the error body that a page gets is found in the log and at `/lab/exchanges`. */
export function contextIdOf (request: FastifyRequest): string {
  const contextId = contextIds.get(request) ?? randomUUID()
  contextIds.set(request, contextId)
  return contextId
}

/** Answers every REST failure with the platform's error body, also for routes that there are not. */
export const platformErrors = fp(async app => {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const failure = describeFailure(error)
    if (failure.status >= 500 && !(error instanceof PlatformError)) request.log.error({ err: error }, 'unexpected failure')
    return answer(request, reply, failure)
  })

  app.setNotFoundHandler((request, reply) => answer(request, reply, { status: 404, message: describe(404).message }))
}, { name: 'platform-errors' })

/** What fails before there is a route, or before there is even a request, is answered like anything else. */
export const earlyErrors: Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> = {
  frameworkErrors: (error, request, reply) => answer(request, reply, describeFailure(error)),

  clientErrorHandler (error, socket) {
    if (error.code === 'ECONNRESET' || socket.destroyed) return
    const status = parserStatuses[error.code] ?? 400
    const body = JSON.stringify(bodyOf({ status, message: describe(status).message }, randomUUID()))
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Content-Type: application/json; charset=utf-8', 'Cache-Control: no-store',
      `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'
    ]
    // What is no HTTP has no use for what may still follow.
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  }
}

const parserStatuses: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

function answer (request: FastifyRequest, reply: FastifyReply, { status, message, reason }: Failure) {
  const contextId = contextIdOf(request)
  if (reason !== undefined) request.log.info(`${status} because ${reason} (contextId ${contextId})`)
  return reply.code(status).header('cache-control', 'no-store').send(bodyOf({ status, message }, contextId))
}

const bodyOf = ({ status, message }: Failure, contextId: string) =>
  ({ message, code: describe(status).code, status, contextId, details: [], errors: [] })
