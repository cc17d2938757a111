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
 * What was chosen from what the agent's side has offered.
 * @param {'QuickReply' | 'Button' | 'DatePicker'} type
 * @param {string} text
 * @param {string | undefined} payload
 * @param {string | undefined} originatingMessageId
 */
export function buttonResponse (type, text, payload, originatingMessageId) {
  const content = [{ contentType: 'ButtonResponse', buttonResponse: { text, payload, type, originatingMessageId } }]
  return { type: /** @type {const} */ ('Structured'), text, content }
}

/**
 * A text with the files that were uploaded before, by their ids; either may be missing.
 * @param {string} text
 * @param {string[]} attachmentIds
 */
export function textMessage (text, attachmentIds) {
  const content = attachmentIds.map((id) => ({ contentType: 'Attachment', attachment: { id } }))
  return { type: /** @type {const} */ ('Text'), ...(text && { text }), ...(content.length > 0 && { content }) }
}
