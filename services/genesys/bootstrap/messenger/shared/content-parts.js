/** @import { StructuredMessage } from '../../conversation/structured-message.js' */

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
 * @property {string | undefined} [video]
 * @property {CardAction | undefined} [defaultAction]
 * @property {CardAction[] | undefined} [actions]
 *
 * @typedef {object} DatePicker
 * @property {string | undefined} [title]
 * @property {string | undefined} [subtitle]
 * @property {string | undefined} [imageUrl]
 * @property {{ dateTime: string }[] | undefined} [availableTimes]
 *
 * @typedef {object} PromptMessage The card that stands for a list or a form, before the answer and after it.
 * @property {string | undefined} [header]
 * @property {string | undefined} [title]
 * @property {string | undefined} [subtitle]
 * @property {string | undefined} [buttonLabel]
 * @property {string | undefined} [imageUrl]
 *
 * @typedef {object} Section
 * @property {string | undefined} [title]
 * @property {boolean | undefined} [multipleSelection]
 * @property {{ id: string, title: string, subtitle?: string, imageUrl?: string }[]} items
 *
 * @typedef {object} ListPicker
 * @property {string | undefined} [id]
 * @property {Section[] | undefined} [sections]
 * @property {PromptMessage | undefined} [receivedMessage]
 * @property {PromptMessage | undefined} [replyMessage]
 *
 * @typedef {object} FormInput
 * @property {string} id
 * @property {string | undefined} [title]
 * @property {string | undefined} [subtitle]
 * @property {string | undefined} [placeholderText]
 * @property {boolean | undefined} [isRequired]
 * @property {boolean | undefined} [isMultipleLine]
 * @property {string | undefined} [keyboardType]
 * @property {string | undefined} [autoCompleteType]
 *
 * @typedef {{ id: string, title?: string, subtitle?: string, dateMinimum?: string, dateMaximum?: string }} DayPicker
 * @typedef {{ id: string, items?: { id: string, title: string, value?: string }[] }} WheelPicker
 *
 * @typedef {object} FormComponent
 * @property {FormInput | undefined} [input]
 * @property {DayPicker | undefined} [datePicker]
 * @property {ListPicker | undefined} [listPicker]
 * @property {WheelPicker | undefined} [wheelPicker]
 *
 * @typedef {object} Form What the other side asks, or, with `response`, what the person has answered.
 * @property {{ title: string, subtitle?: string, imageUrl?: string, buttonText?: string } | undefined} [introduction]
 * @property {{ title: string, subtitle?: string, pageComponents?: FormComponent[] }[] | undefined} [formPages]
 * @property {PromptMessage | undefined} [receivedMessage]
 * @property {PromptMessage | undefined} [replyMessage]
 * @property {boolean | undefined} [showSummary]
 * @property {string | undefined} [cannedResponseId]
 * @property {string | undefined} [originatingMessageId]
 * @property {{ id: string, component: { buttonResponse: { text: string, payload: string } } }[] | undefined} [response]
 *
 * @typedef {object} QuickReply
 * @property {string} text
 * @property {string | undefined} [payload]
 * @property {string | undefined} [image]
 *
 * @typedef {object} ButtonResponse
 * @property {string | undefined} [text]
 * @property {string | undefined} [payload]
 * @property {'QuickReply' | 'Button' | 'DatePicker' | 'ListPicker' | undefined} [type]
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
 * @property {ListPicker | undefined} [listPicker]
 * @property {Form | undefined} [form]
 *
 * @typedef {object} ButtonChoice What `MessagingService.sendMessage` takes for a pressed button.
 * @property {'QuickReply' | 'Button' | 'DatePicker'} type
 * @property {string} message
 * @property {string} postback
 * @property {string | undefined} [originatingMessageId]
 *
 * @typedef {object} Option
 * @property {string} text
 * @property {string} payload
 *
 * @typedef {ButtonChoice
 *   | { type: 'listPicker', postback: { id: string | undefined, text: string, selectedOptions: Option[] } }
 *   | { type: 'form', postback: { id: string | undefined, text: string, cannedResponseId: string | undefined, formData: (Option & { id: string })[] } }
 * } Choice What it takes for any answer.
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
