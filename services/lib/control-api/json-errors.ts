import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { StateError } from '../store/state-error.ts'
import { Type } from '../validation/schema.ts'

/** What every call under `/lab` answers that was refused. */
export const jsonError = Type.Object({ error: Type.String(), error_description: Type.String() })

const errorNames: Record<number, string> = { 403: 'access_denied', 404: 'not_found', 409: 'conflict' }

/** Answers what goes wrong under `/lab` as `jsonError` says. */
export function answerJsonError (error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof StateError) {
    request.log.error(error.message)
    return reply.code(error.statusCode).header('cache-control', 'no-store').send({
      error: 'temporarily_unavailable', error_description: `This could not be kept: ${error.message}`
    })
  }
  const status = error.statusCode ?? 500
  if (status >= 500) request.log.error({ err: error }, 'unexpected failure')
  return reply.code(status).header('cache-control', 'no-store').send({
    error: status >= 500 ? 'server_error' : errorNames[status] ?? 'invalid_request',
    error_description: status >= 500 ? 'The service encountered an unexpected condition.' : error.message
  })
}
