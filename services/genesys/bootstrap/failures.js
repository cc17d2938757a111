import { DEAD_SESSION } from './guest-messages.js'
import { FrameError } from './guest-socket.js'
import { RestError } from './rest.js'

/** @import { MessagingError } from './types.js' */

/**
 * What a failure that ends the connection means for the page, and for the session.
 * @param {unknown} error
 * @returns {{ report: MessagingError, dead: boolean, refused: boolean }}
 */
export function explain (error) {
  const code = error instanceof FrameError ? error.code : error instanceof RestError ? error.status : 401
  const unreachable = code === 0 || (error instanceof RestError && code >= 500)
  // A fresh identity that is still refused does not own this session.
  const dead = DEAD_SESSION[code] ?? (error instanceof FrameError && code === 403 ? 'sessionRefused' : undefined)
  const errorKey = dead ?? (unreachable ? 'connectFailed' : code >= 401 && code <= 403 ? 'unauthorized' : 'configureFailed')
  const body = error instanceof Error ? error.message : String(error)
  return { report: { code, body, errorKey }, dead: dead !== undefined, refused: dead === 'sessionRefused' }
}
