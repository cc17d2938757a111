import { PlatformError } from '../protocol/platform-errors.ts'
import { OidcError } from './oidc-error.ts'

/**
 * Answer what the identity provider has let down. All that a page gets to see is the status: Genesys gives no cause either.
 *
 * @throws {PlatformError} 503 or 401 for an `OidcError`, else the error itself
 */
export function throwPlatformError (error: unknown): never {
  if (!(error instanceof OidcError)) throw error
  throw new PlatformError(error.failure === 'unavailable' ? 503 : 401, { reason: error.message, hint: error.hint, cause: error })
}
