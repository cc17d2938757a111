/**
 * @typedef {object} ButtonResponse What was chosen of what a message has offered.
 * @property {string} type
 * @property {string} [text]
 * @property {string} [payload]
 * @property {string} [originatingMessageId]
 *
 * @typedef {{ originatingMessageId?: string, response?: unknown[] }} FormReply A form, which has a response once it is filled in.
 *
 * @typedef {object} Participant
 * @property {string | undefined} [firstName]
 * @property {string | undefined} [lastName]
 * @property {string | undefined} [nickname]
 *
 * @typedef {object} MessageEvent
 * @property {string} eventType
 * @property {{ type: string, duration?: number }} [typing]
 * @property {{ type: string }} [presence]
 *
 * @typedef {object} StructuredMessage
 * @property {string | undefined} [id]
 * @property {'Text' | 'Event' | 'Structured'} type
 * @property {string | undefined} [text]
 * @property {'Inbound' | 'Outbound' | undefined} [direction]
 * @property {{ time?: string, messageId?: string, from?: Participant }} [channel]
 * @property {{ contentType: string, attachment?: { id: string, url?: string }, buttonResponse?: ButtonResponse, form?: FormReply }[] | undefined} [content]
 * @property {MessageEvent[] | undefined} [events]
 * @property {Record<string, string> | undefined} [metadata]
 * @property {'Human' | 'Bot' | undefined} [originatingEntity]
 * @property {string | undefined} [tracingId]
 * @property {string | undefined} [state] `consumed`: a reply to a message that can be answered once. The SDK's own mark.
 * @property {string | undefined} [updatedTime]
 *
 * @typedef {object} GuestMessage
 * @property {'Text' | 'Structured'} type
 * @property {string} [text]
 * @property {unknown[]} [content]
 * @property {{ id: string } & Record<string, string>} metadata
 *
 * @typedef {Omit<GuestMessage, 'metadata'> & { metadata?: Record<string, string> }} WrittenMessage Before it has an id.
 */

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

/** @param {MessageEvent} event */
export function eventMessage (event) {
  return { type: 'Event', events: [event] }
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
