import { RestError } from '../platform/rest-api.js'
import { FrameError } from './frames.js'

/** @import { Frame } from './frames.js' */

/**
 * @typedef {Omit<Frame, 'type'> & { type?: Frame['type'], errorKey: string }} MessagingError What `MessagingService.error` tells: a
 *   frame of the service, or one like it for what has failed on this side.
 */

// As the SDK calls what the service says of files and texts.
/** @type {Record<number, string>} */
const ERROR_KEYS = {
  4000: 'FileUploadUnavailable',
  4001: 'fileTypeInvalid',
  4002: 'fileTooLarge',
  4003: 'fileContentInvalid',
  4004: 'fileNameInvalid',
  4005: 'fileNameTooLong',
  4011: 'messageLengthExceeded',
  4102: 'fileSizeZero'
}

/**
 * The data of the event `error`: the frame in which the service has refused something, or one like it. The key stands in the frame
 * and beside it, since pages read it at either place.
 * @param {unknown} error
 * @param {string} otherwise The key where the code has none.
 * @param {string} [tracingId]
 * @returns {{ error: MessagingError, errorKey: string }}
 */
export function messagingErrorOf (error, otherwise, tracingId = undefined) {
  const { code, message, frame, tracingId: own } = error instanceof FrameError
    ? error
    : new FrameError(error instanceof RestError ? error.status : 0, error instanceof Error ? error.message : String(error))
  const { errorCode = code } = /** @type {{ errorCode?: number }} */ (frame && typeof frame.body === 'object' ? frame.body ?? {} : {})
  const errorKey = ERROR_KEYS[errorCode] ?? otherwise
  const traced = tracingId ?? own
  const { type = 'response', class: name = 'string', body = message } = frame ?? {}
  return { error: { type, class: name, code, body, ...(traced !== undefined && { tracingId: traced }), errorKey }, errorKey }
}
