/**
 * @typedef {object} Frame A frame of the Guest API.
 * @property {'response' | 'message'} type
 * @property {string} class
 * @property {number} code
 * @property {unknown} body
 * @property {string | undefined} [tracingId]
 *
 * @typedef {object} SessionResponse
 * @property {boolean} connected
 * @property {boolean | undefined} [newSession]
 * @property {boolean | undefined} [readOnly]
 * @property {boolean | undefined} [clearedExistingSession]
 * @property {number | undefined} [durationSeconds]
 * @property {number | undefined} [expirationDate] Epoch seconds.
 * @property {{ inbound?: { fileTypes?: { type: string }[], maxFileSizeKB?: number } }} [allowedMedia]
 * @property {string[] | undefined} [blockedExtensions] With their dots.
 * @property {number | undefined} [maxCustomDataBytes]
 */

/** The service's refusal of one request; `code` is 0 when the connection went away before an answer. */
export class FrameError extends Error {
  /**
   * @param {number} code
   * @param {string} message
   * @param {string} [tracingId]
   * @param {number} [retryAfter] Seconds, where the service says when to ask again.
   * @param {Frame} [frame] The refusal itself.
   */
  constructor (code, message, tracingId, retryAfter, frame) {
    super(message)
    this.code = code
    this.tracingId = tracingId
    this.retryAfter = retryAfter
    this.frame = frame
  }
}

/** @param {unknown} error */
export function isConnectionLoss (error) {
  return error instanceof FrameError && error.code === 0
}

/** @param {unknown} error */
export function isIdentityRefusal (error) {
  if (!(error instanceof FrameError)) return false
  return error.code === 401 || (error.code === 403 && !/toggle|conversation clear/i.test(error.message))
}
