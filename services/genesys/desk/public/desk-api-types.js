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
 * @property {Record<string, unknown>} customAttributes
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
 *   | { contentType: 'DatePicker', datePicker: DatePicker }
 *   | { contentType: 'ListPicker', listPicker: ListPicker }
 *   | { contentType: 'Form', form: Form }} Part
 */

/** @typedef {{ title?: string, subtitle?: string }} Prompt */
/** @typedef {{ title?: string, multipleSelection?: boolean, items: { title: string, subtitle?: string }[] }} Section */
/** @typedef {{ receivedMessage?: Prompt, sections: Section[] }} ListPicker */

/**
 * @typedef {object} FormComponent
 * @property {{ id: string, title?: string, isRequired: boolean }} [input]
 * @property {{ id: string, title?: string }} [datePicker]
 * @property {{ id: string, sections: Section[] }} [listPicker]
 * @property {{ id: string }} [wheelPicker]
 */

/**
 * What was asked, or, with `response`, what was answered.
 * @typedef {object} Form
 * @property {Prompt} [introduction]
 * @property {Prompt} [receivedMessage]
 * @property {{ title: string, pageComponents: FormComponent[] }[]} [formPages]
 * @property {string} [originatingMessageId]
 * @property {{ id: string, component: { buttonResponse: { text: string } } }[]} [response]
 */

/**
 * Where a guest has been, newest first, and what they have told there.
 * @typedef {object} VisitorJourney
 * @property {Record<string, string>} traits
 * @property {JourneyEvent[]} events
 */

/**
 * @typedef {object} JourneyEvent
 * @property {string} id
 * @property {string} eventName
 * @property {{ url: string, title: string }} page
 * @property {Record<string, string | number | boolean>} attributes
 * @property {string} createdDate
 */

/** @typedef {{ id: string, label: string, kind: 'ListPicker' | 'Form' }} ReadyMessage */

/** @typedef {{ url?: string, filename: string, fileSize: number, mediaType: string }} Attachment */
/** @typedef {{ title?: string, subtitle?: string, availableTimes: { dateTime: string }[] }} DatePicker */
/** @typedef {{ text: string, payload?: string }} QuickReply */
/** @typedef {{ type: 'Link' | 'Postback', text: string, url?: string, payload?: string }} CardAction */
/** @typedef {{ title: string, description?: string, image?: string, video?: string, actions: CardAction[] }} Card */

/**
 * @template T
 * @typedef {{ entities: T[], pageNumber: number, pageSize: number }} Page
 */

export {}
