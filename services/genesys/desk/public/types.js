// What the desk's JSON API says; the server's types are in services/genesys.

/**
 * @typedef {object} Conversation
 * @property {string} conversationId
 * @property {string} deploymentId
 * @property {{ name?: string, sub?: string, email?: string, email_verified?: boolean }} guest
 * @property {{ iss: string, since: string } | null} verified
 * @property {string} startedAt
 * @property {string} lastActive
 * @property {boolean} readOnly
 * @property {number} connections
 * @property {{ name: string } | null} agent
 * @property {boolean} scripted
 * @property {Message} [lastMessage]
 */

/**
 * A `StructuredMessage` of the Web Messaging API.
 * @typedef {object} Message
 * @property {string} id
 * @property {'Text' | 'Structured' | 'Event'} type
 * @property {string} [text]
 * @property {Part[]} [content]
 * @property {MessageEvent[]} [events]
 * @property {'Inbound' | 'Outbound'} direction
 * @property {'Human' | 'Bot'} [originatingEntity]
 * @property {Record<string, string>} [metadata]
 * @property {{ time: string, from?: { nickname?: string, firstName?: string } }} channel
 */

/**
 * @typedef {{ eventType: 'Presence', presence: { type: 'Join' | 'Disconnect' | 'Clear' | 'SignIn' } }
 *   | { eventType: 'Typing', typing: { type: 'On' | 'Off', duration?: number } }} MessageEvent
 */

/**
 * @typedef {{ contentType: 'Attachment', attachment: Attachment }
 *   | { contentType: 'QuickReply', quickReply: QuickReply }
 *   | { contentType: 'ButtonResponse', buttonResponse: { text: string, payload: string, type: string } }
 *   | { contentType: 'Card', card: Card }
 *   | { contentType: 'Carousel', carousel: { cards: Card[] } }
 *   | { contentType: 'DatePicker', datePicker: DatePicker }} Part
 */

/** @typedef {{ url?: string, filename: string, fileSize: number, mediaType: string }} Attachment */
/** @typedef {{ title?: string, subtitle?: string, availableTimes: { dateTime: string }[] }} DatePicker */
/** @typedef {{ text: string, payload?: string }} QuickReply */
/** @typedef {{ type: 'Link' | 'Postback', text: string, url?: string, payload?: string }} CardAction */
/** @typedef {{ title: string, description?: string, image?: string, actions: CardAction[] }} Card */

/**
 * @template T
 * @typedef {{ entities: T[], pageNumber: number, pageSize: number }} Page
 */

export {}
