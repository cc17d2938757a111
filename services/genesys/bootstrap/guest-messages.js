import { FrameError } from './guest-socket.js'

/** @import { MessageEvent, StructuredMessage } from './types.js' */

// Frame codes after which the session token is of no more use: expired, unknown, cannot be downgraded.
/** @type {Record<number, string>} */
export const DEAD_SESSION = { 4006: 'sessionExpired', 4007: 'sessionNotFound', 4017: 'cannotDowngrade' }

/**
 * What a message is known by, on the socket as in the history.
 * @param {StructuredMessage} message
 */
export function keyOf (message) {
  return message.channel?.messageId ?? message.id ?? `${message.channel?.time} ${message.text}`
}

/**
 * Typing and presence are events; everything else is part of the conversation.
 * @param {StructuredMessage} message
 */
export function isSaid ({ type }) {
  return type !== 'Event'
}

/** @param {unknown} error */
export function isConnectionLoss (error) {
  return error instanceof FrameError && error.code === 0
}

/** @param {unknown} error */
export function refusesIdentity (error) {
  if (!(error instanceof FrameError)) return false
  return error.code === 401 || (error.code === 403 && !/toggle|conversation clear/i.test(error.message))
}

/** @param {MessageEvent} event */
export function eventMessage (event) {
  return { type: 'Event', events: [event] }
}

/**
 * @param {string} text
 * @param {string | undefined} payload
 */
export function buttonResponse (text, payload) {
  const content = [{ contentType: 'ButtonResponse', buttonResponse: { text, payload, type: 'QuickReply' } }]
  return { type: /** @type {const} */ ('Structured'), text, content }
}
