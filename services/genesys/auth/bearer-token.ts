import type { FastifyRequest } from 'fastify'
import { PlatformError } from '../protocol/platform-errors.ts'

/**
 * The token in the `Authorization` header. The scheme's case does not matter: Genesys' own clients differ in it.
 *
 * @throws {PlatformError} 401 where there is none
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function bearerToken (request: FastifyRequest): string {
  const token = /^bearer +([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) {
    throw new PlatformError(401, { message: 'No authentication bearer token specified in authorization header.' })
  }
  return token
}
