import { FrameError } from '../connection/frames.js'
import { RestError } from '../platform/rest-api.js'

// Frame codes after which the session token is of no more use: expired, unknown, cannot be downgraded.
/** @type {Record<number, string>} */
export const FATAL_SESSION_ERRORS = { 4006: 'sessionExpired', 4007: 'sessionNotFound', 4017: 'cannotDowngrade' }

/**
 * What a failure that ends the connection means for the page, and for the session.
 * @param {unknown} error
 * @returns {{ report: FrameError, errorKey: string, fatal: boolean, refused: boolean }}
 */
export function describeConnectionFailure (error) {
  const code = error instanceof FrameError ? error.code : error instanceof RestError ? error.status : 401
  const unreachable = code === 0 || (error instanceof RestError && code >= 500)
  // A fresh identity that is still refused does not own this session.
  const fatal = FATAL_SESSION_ERRORS[code] ?? (error instanceof FrameError && code === 403 ? 'sessionRefused' : undefined)
  const errorKey = fatal ?? (unreachable ? 'connectFailed' : code >= 401 && code <= 403 ? 'unauthorized' : 'configureFailed')
  const report = error instanceof FrameError ? error : new FrameError(code, error instanceof Error ? error.message : String(error))
  return { report, errorKey, fatal: fatal !== undefined, refused: fatal === 'sessionRefused' }
}
