import { randomUUID } from 'node:crypto'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

// Which `code` Genesys gives with a failed exchange, refresh or revoke is not documented: these are our choice, after
// the codes that its other platform APIs use.
const codes: Record<number, { code: string, message: string }> = {
  400: { code: 'bad.request', message: 'The request could not be understood by the server due to malformed syntax.' },
  401: { code: 'bad.credentials', message: 'Unable to authenticate with the credentials given.' },
  403: { code: 'forbidden', message: 'You are not authorized to perform the requested action.' },
  404: { code: 'not.found', message: 'The requested resource was not found.' },
  413: { code: 'request.entity.too.large', message: 'The request is over the size limit.' },
  415: { code: 'unsupported.media.type', message: 'The request has an unsupported media type.' },
  426: { code: 'upgrade.required', message: 'This resource is a WebSocket.' },
  500: { code: 'internal.server.error', message: 'The server encountered an unexpected condition.' },
  503: { code: 'service.unavailable', message: 'The service is unavailable, try again later.' }
}

/** A failure that a REST client gets to see as a platform error body. */
export class PlatformError extends Error {
  override name = 'PlatformError'
  readonly status: number
  readonly reason: string | undefined

  /**
   * @param status HTTP status; it decides `code` and, as a rule, `message` of the body
   * @param options.message another text than the usual for this status
   * @param options.reason why, in words for the log only: a page may see no more than the real product tells it
   */
  constructor (status: number, { message, reason, cause }: { message?: string, reason?: string, cause?: unknown } = {}) {
    super(message ?? describe(status).message, { cause })
    this.status = status
    this.reason = reason
  }
}

const describe = (status: number) => codes[status] ?? codes[status < 500 ? 400 : 500]!

/** Answers every REST failure with the platform's error body, also for routes that there are not. */
export const platformErrors = fp(async app => {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof PlatformError) return answer(request, reply, error.status, error.message, error.reason)
    // Only a schema's message is passed on: that of a JSON parser may quote the body.
    if (error.validation) return answer(request, reply, 400, error.message, error.message)
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ err: error }, 'unexpected failure')
    return answer(request, reply, status, describe(status).message, status < 500 ? error.code : undefined)
  })

  app.setNotFoundHandler((request, reply) => answer(request, reply, 404, describe(404).message))
}, { name: 'platform-errors' })

function answer (request: FastifyRequest, reply: FastifyReply, status: number, message: string, reason?: string) {
  const contextId = randomUUID()
  if (reason !== undefined) request.log.info(`${status} because ${reason} (contextId ${contextId})`)
  return reply.code(status).header('cache-control', 'no-store').send({
    message, code: describe(status).code, status, contextId, details: [], errors: []
  })
}
