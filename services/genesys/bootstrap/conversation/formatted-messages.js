import { randomUUID } from '../platform/random-uuid.js'

/** @import { StructuredMessage } from './structured-message.js' */

/**
 * @typedef {Record<string, unknown>} Fields
 *
 * @typedef {object} FormattedFile
 * @property {unknown} id
 * @property {unknown} downloadUrl
 * @property {unknown} name
 * @property {unknown} size Bytes.
 * @property {unknown} type As `mediaType` on the wire.
 * @property {unknown} mime
 * @property {string} [updatedTime]
 *
 * @typedef {object} FormattedMessage What the events `restored`, `oldMessages` and `messagesUpdated` carry.
 * @property {string} id
 * @property {string} type In small letters, as `messageType`, which is the direction.
 * @property {string} messageType
 * @property {string | undefined} text
 * @property {Fields | ''} from
 * @property {string} time
 * @property {string} timestamp The same.
 * @property {FormattedFile[]} files
 * @property {Fields[]} quickReplies
 * @property {Fields} card
 * @property {{ cards: Fields[] }} carousel
 * @property {Fields} datePicker
 * @property {Fields} coBrowse
 * @property {Fields} video
 * @property {string} originatingEntity
 * @property {string} tracingId
 * @property {unknown} [payload] What was chosen: of a list `{text, id}` each.
 * @property {Fields} [listPicker]
 * @property {unknown} [form] Asked, or, with `response`, answered.
 * @property {string} [contentType] Of the last part that has one.
 * @property {string} [state] `consumed` once it is answered.
 * @property {string} [updatedTime]
 */

/**
 * The raw message behind what was made of it for the page. The Messenger's own window shows more than the SDK tells a page, such
 * as which of a card's buttons was chosen, and it is of the same script.
 * @type {WeakMap<object, StructuredMessage>}
 */
const behind = new WeakMap()

/**
 * What each part of a message adds, by its `contentType` on the wire.
 * @type {Record<string, (part: Fields, message: StructuredMessage, formatted: FormattedMessage) => Fields>}
 */
const CONTENT = {
  Attachment: ({ attachment }, _message, { files }) => ({ files: [...files, formatFile(fieldsOf(attachment))] }),
  QuickReply: ({ quickReply }, _message, { quickReplies }) => {
    const { id = randomUUID(), text, payload, image: imageUrl, action } = fieldsOf(quickReply)
    return { contentType: 'quick-replies', quickReplies: [...quickReplies, { id, text, payload, imageUrl, action }] }
  },
  Card: ({ card }) => formatCard(fieldsOf(card)),
  GenericTemplate: ({ generic }) => formatCard(fieldsOf(generic)),
  Carousel: ({ carousel }) => {
    const cards = listOf(fieldsOf(carousel).cards).map(({ actions, defaultAction, ...card }) => ({ ...describeCard(card), actions: defaultAction, buttons: actions }))
    return { contentType: 'carousel', ...(cards.length > 0 && { carouselType: 'Cards', carousel: { cards } }) }
  },
  DatePicker: ({ datePicker }, { id }) => {
    const { title, subtitle: description = '', imageUrl, dateMinimum, dateMaximum, availableTimes } = fieldsOf(datePicker)
    const times = listOf(availableTimes).sort((one, other) => String(one.dateTime) < String(other.dateTime) ? -1 : 1)
    return { contentType: 'datepicker', datePicker: { id, title, description, imageUrl, dateMinimum, dateMaximum, availableTimes: times } }
  },
  ListPicker: ({ listPicker }, { id }) => ({ contentType: 'listpicker', listPicker: { ...fieldsOf(listPicker), id } }),
  Form: ({ form }, { id }) => ({ contentType: 'form', form: { ...fieldsOf(form), id } }),
  ButtonResponse: (part, message, formatted) => {
    const response = fieldsOf(part.buttonResponse)
    return RESPONSES[String(response.type)]?.(response, message, formatted) ?? {}
  }
}

/**
 * What a reply adds, by the type of its `buttonResponse`. Of an answer to a quick reply or a card only the text remains.
 * @type {Record<string, (response: Fields, message: StructuredMessage, formatted: FormattedMessage) => Fields>}
 */
const RESPONSES = {
  DatePicker: ({ text, payload }, { metadata }) => {
    const parentMessageId = metadata?.parentMessageId
    return { contentType: 'datepicker', text, payload, imageUrl: '', ...(parentMessageId && { parentMessageId }) }
  },
  ListPicker: (response, { metadata }, formatted) => {
    const parentMessageId = metadata?.parentMessageId
    const before = Array.isArray(formatted.payload) ? formatted.payload : []
    return { contentType: 'listpicker', payload: [...before, response], ...(parentMessageId && { parentMessageId }) }
  }
}

/**
 * A message as Genesys' SDK gives it to the page in `restored`, `oldMessages` and `messagesUpdated`. In `messagesReceived` it is raw.
 * @param {StructuredMessage} message As on the wire, with `state` and `updatedTime` where the SDK has set them.
 * @returns {FormattedMessage}
 */
export function formatMessage (message) {
  const { id = '', type, direction, text, channel, content = [], events = [], originatingEntity = '', tracingId = '' } = message
  const time = channel?.time ?? ''
  /** @type {FormattedMessage} */
  const formatted = {
    id: channel?.messageId ?? id,
    type: type.toLowerCase(),
    messageType: direction?.toLowerCase() ?? '',
    text,
    from: formatSender(channel?.from),
    time,
    timestamp: time,
    files: [],
    quickReplies: [],
    card: {},
    carousel: { cards: [] },
    datePicker: {},
    coBrowse: {},
    video: {},
    originatingEntity,
    tracingId
  }
  for (const part of content) Object.assign(formatted, CONTENT[part.contentType]?.(fieldsOf(part), message, formatted))
  for (const { eventType, presence } of events) if (presence) Object.assign(formatted, { eventType, presence: { type: presence.type } })
  if (message.state) Object.assign(formatted, { state: message.state, updatedTime: message.updatedTime })
  return remember(formatted, message)
}

/**
 * Who types, and for how long, as the SDK says it; the names are those that it documents, not those on the wire.
 * @param {StructuredMessage} message
 * @param {{ type: string, duration?: number }} typing
 */
export function formatTyping (message, { type, duration }) {
  return remember({ type, ...(duration !== undefined && { durationMs: duration }) }, message)
}

/**
 * The message that one of the above was made of; what is none of those is taken for a raw message.
 * @param {object} formatted
 * @returns {StructuredMessage}
 */
export function rawMessageOf (formatted) {
  return behind.get(formatted) ?? /** @type {StructuredMessage} */ (formatted)
}

/**
 * @template {object} Formatted
 * @param {Formatted} formatted
 * @param {StructuredMessage} message
 */
function remember (formatted, message) {
  behind.set(formatted, message)
  return formatted
}

/** @param {unknown} from */
function formatSender (from) {
  if (!from) return ''
  const { nickname, image } = fieldsOf(from)
  return { ...fieldsOf(from), ...(nickname !== undefined && { name: nickname }), ...(image !== undefined && { avatar: image }) }
}

/**
 * @param {Fields} attachment
 * @returns {FormattedFile}
 */
function formatFile ({ id, url, filename, fileName = filename, fileSize, mediaType, mime }) {
  return { downloadUrl: url, size: fileSize, name: fileName, type: mediaType, mime, id }
}

/** @param {Fields} card */
function formatCard ({ actions, components = actions, defaultAction = actions, ...card }) {
  // `actions` is where a tap on the card leads; what stands on it are its `buttons`.
  return { contentType: 'card', card: { ...describeCard(card), actions: defaultAction, buttons: components } }
}

/** @param {Fields} card */
function describeCard ({ id = randomUUID(), title, description, image = '' }) {
  return { id, title, description, imageUrl: image }
}

/**
 * @param {unknown} value
 * @returns {Fields}
 */
function fieldsOf (value) {
  return /** @type {Fields} */ (value ?? {})
}

/**
 * @param {unknown} value
 * @returns {Fields[]}
 */
function listOf (value) {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}
