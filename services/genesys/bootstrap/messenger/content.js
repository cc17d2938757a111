/** @import { StructuredMessage } from '../types.js' */

/**
 * What a structured message can carry (Guest API). All of it comes from the other side, so nothing is taken for granted.
 * @typedef {object} Attachment
 * @property {string} id
 * @property {string | undefined} [url]
 * @property {string | undefined} [filename]
 * @property {number | undefined} [fileSize]
 * @property {string | undefined} [mediaType]
 * @property {string | undefined} [mime]
 *
 * @typedef {object} CardAction
 * @property {string} type
 * @property {string | undefined} [text]
 * @property {string | undefined} [url]
 * @property {string | undefined} [payload]
 *
 * @typedef {object} Card
 * @property {string | undefined} [title]
 * @property {string | undefined} [description]
 * @property {string | undefined} [image]
 * @property {CardAction | undefined} [defaultAction]
 * @property {CardAction[] | undefined} [actions]
 *
 * @typedef {object} DatePicker
 * @property {string | undefined} [title]
 * @property {string | undefined} [subtitle]
 * @property {string | undefined} [imageUrl]
 * @property {{ dateTime: string }[] | undefined} [availableTimes]
 *
 * @typedef {object} QuickReply
 * @property {string} text
 * @property {string | undefined} [payload]
 *
 * @typedef {object} ButtonResponse
 * @property {string | undefined} [text]
 * @property {string | undefined} [payload]
 * @property {string | undefined} [type]
 * @property {string | undefined} [originatingMessageId]
 *
 * @typedef {object} Content
 * @property {string} contentType
 * @property {Attachment | undefined} [attachment]
 * @property {QuickReply | undefined} [quickReply]
 * @property {ButtonResponse | undefined} [buttonResponse]
 * @property {Card | undefined} [card]
 * @property {{ cards?: Card[] } | undefined} [carousel]
 * @property {DatePicker | undefined} [datePicker]
 *
 * @typedef {object} Choice What `MessagingService.sendMessage` takes for a pressed button.
 * @property {'QuickReply' | 'Button' | 'DatePicker'} type
 * @property {string} message
 * @property {string} postback
 * @property {string | undefined} [originatingMessageId]
 */

/**
 * @param {unknown} message
 * @returns {Content[]}
 */
export function contentOf (message) {
  const { content } = /** @type {{ content?: Content[] }} */ (message)
  return content ?? []
}

/**
 * @template {Exclude<keyof Content, 'contentType'>} Kind
 * @param {Content[]} content
 * @param {Kind} kind
 * @returns {NonNullable<Content[Kind]>[]}
 */
export function pick (content, kind) {
  return content.flatMap((part) => part[kind] ?? [])
}

/**
 * The cards of a message, whether they come one by one or as a carousel.
 * @param {Content[]} content
 */
export function cardsIn (content) {
  return [...pick(content, 'card'), ...pick(content, 'carousel').flatMap(({ cards }) => cards ?? [])]
}

/**
 * @param {StructuredMessage} message
 */
export function textOf (message) {
  return message.text || (pick(contentOf(message), 'buttonResponse')[0]?.text ?? '')
}

/**
 * The address when a browser may be led there. `javascript:` and its like stay text.
 * @param {string | undefined} address
 */
export function webAddress (address) {
  const url = URL.parse(address ?? '')
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url.href : undefined
}
