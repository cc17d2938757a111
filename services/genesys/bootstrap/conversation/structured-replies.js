/** @import { StructuredMessage } from './structured-message.js' */

/**
 * @typedef {object} Postback What the command `sendMessage` takes for a reply, by the reply's type.
 * @property {string} [id] Of the message that is answered.
 * @property {string} [text]
 * @property {unknown} [payload]
 * @property {unknown} [selectedOptions] Of a list: `{text, payload}` each.
 * @property {unknown} [formData] Of a form: `{id, text, payload}` each, `id` being that of the field.
 * @property {string} [cannedResponseId]
 *
 * @typedef {{ type: 'Structured', text?: string, content: unknown[], metadata?: Record<string, string> }} ReplyContent
 *
 * @typedef {object} Reply
 * @property {(postback: Postback) => ReplyContent} compose The message on the wire.
 * @property {(echo: StructuredMessage) => Record<string, unknown> | undefined} [replied] What `repliedMessage` tells of it, beside the
 *   `id` and the `metadata`; nothing where it is no such reply.
 * @property {(echo: StructuredMessage) => string | undefined} [answered] Id of the message that it answers.
 */

/**
 * What a guest can choose instead of writing, by the `type` of `sendMessage`.
 * @type {Record<string, Reply>}
 */
const REPLIES = {
  quickReply: { compose: ({ id, text, payload }) => buttonReply('QuickReply', text, payload, id) },
  // Of a carousel as well. A link sends nothing.
  card: { compose: ({ id, text, payload }) => buttonReply('Button', text, payload, id) },
  datePicker: {
    // How long it takes, `payload.duration`, stays here.
    compose ({ id, text, payload }) {
      const { dateTime } = /** @type {{ dateTime?: unknown }} */ (payload ?? {})
      if (typeof dateTime !== 'string') throw new Error('postback.payload.dateTime is missing')
      const buttonResponse = { type: 'DatePicker', text: text ?? new Date(dateTime).toLocaleString(), payload: dateTime }
      return { type: 'Structured', content: [{ contentType: 'ButtonResponse', buttonResponse }], ...(id && { metadata: { parentMessageId: id } }) }
    },
    replied (echo) {
      const [response] = buttonResponsesIn(echo, 'DatePicker')
      return response && { type: 'datePicker', scheduledTime: response.payload, scheduledMessage: response.text }
    },
    answered: ({ metadata }) => metadata?.parentMessageId
  },
  listPicker: {
    compose ({ id, text, selectedOptions }) {
      const options = optionsIn(selectedOptions)
      if (!id) throw new Error('postback.id is missing')
      if (options.length === 0) throw new Error('postback.selectedOptions is missing: a list of {text, payload}')
      const content = options.map(({ text, payload }) =>
        ({ contentType: 'ButtonResponse', buttonResponse: { type: 'ListPicker', originatingMessageId: id, text, payload } }))
      return { type: 'Structured', text: text ?? options.map(({ text }) => text).join(', '), content, metadata: { parentMessageId: id } }
    },
    replied (echo) {
      const responses = buttonResponsesIn(echo, 'ListPicker')
      const payload = responses.map(({ text, payload }) => ({ text, id: payload }))
      return payload.length > 0 ? { type: 'listPicker', text: echo.text, payload } : undefined
    },
    answered: (echo) => echo.metadata?.parentMessageId ?? buttonResponsesIn(echo, 'ListPicker')[0]?.originatingMessageId
  },
  form: {
    compose ({ id, text, cannedResponseId, formData }) {
      if (!id) throw new Error('postback.id is missing')
      if (!Array.isArray(formData)) throw new Error('postback.formData is missing: a list of {id, text, payload}')
      const response = optionsIn(formData).map(({ id, text, payload }) =>
        ({ id, component: { contentType: 'ButtonResponse', buttonResponse: { type: 'Form', text, payload } } }))
      const form = { originatingMessageId: id, ...(cannedResponseId && { cannedResponseId }), response }
      return { type: 'Structured', ...(text && { text }), content: [{ contentType: 'Form', form }] }
    },
    replied (echo) {
      const form = formReplyIn(echo)
      return form && { type: 'form', originatingMessageId: form.originatingMessageId, text: echo.text, response: form.response }
    },
    answered: (echo) => formReplyIn(echo)?.originatingMessageId
  }
}

// As they were spelt here before; harmless, since nothing else is called so.
/** @type {Record<string, string>} */
const OTHER_NAMES = { Button: 'card', button: 'card', carousel: 'card' }

/**
 * The message on the wire for what `sendMessage` was given with a `type`.
 * @param {{ type: string, postback?: unknown, message?: string, text?: string, originatingMessageId?: string }} options
 * @returns {ReplyContent}
 * @throws {Error} In words, where there is no such reply or something is missing.
 */
export function composeReply ({ type, postback, message, text = message, originatingMessageId }) {
  const name = OTHER_NAMES[type] ?? `${type.slice(0, 1).toLowerCase()}${type.slice(1)}`
  const reply = Object.hasOwn(REPLIES, name) ? REPLIES[name] : undefined
  if (!reply) throw new Error(`There are no messages of type ${type}; there are ${Object.keys(REPLIES).join(', ')}`)
  if (postback === undefined || postback === null) throw new Error(`A message of type ${name} needs a postback`)
  // A payload alone, with the words beside it: as it was here before.
  const before = typeof postback === 'object' ? {} : { payload: name === 'datePicker' ? { dateTime: postback } : postback, text, id: originatingMessageId }
  return reply.compose(/** @type {Postback} */ (typeof postback === 'object' ? postback : before))
}

/**
 * What `repliedMessage` says when a reply comes back from the service, and which message it answers.
 * @param {StructuredMessage} echo
 * @returns {{ data: Record<string, unknown>, original: string | undefined } | undefined} Undefined for what is no such reply.
 */
export function describeReply (echo) {
  if (echo.direction !== 'Inbound' || echo.type !== 'Structured') return undefined
  for (const { replied, answered } of Object.values(REPLIES)) {
    const told = replied?.(echo)
    if (told) return { data: { id: echo.id, metadata: echo.metadata, ...told }, original: answered?.(echo) }
  }
  return undefined
}

/**
 * @param {StructuredMessage} message
 * @param {string} type
 */
export function buttonResponsesIn ({ content = [] }, type) {
  return content.flatMap(({ buttonResponse }) => buttonResponse?.type === type ? [buttonResponse] : [])
}

/** @param {StructuredMessage} message */
function formReplyIn ({ content = [] }) {
  return content.flatMap(({ form }) => form?.response ? [form] : [])[0]
}

/**
 * What was chosen, or written into the fields of a form.
 * @param {unknown} given
 */
function optionsIn (given) {
  const options = /** @type {{ id?: unknown, text?: unknown, payload?: unknown }[]} */ (Array.isArray(given) ? given : [])
  return options.map(({ id = '', text, payload = text ?? '' }) => ({ id: String(id), text: String(text ?? payload), payload: String(payload) }))
}

/**
 * @param {'QuickReply' | 'Button'} type
 * @param {unknown} text
 * @param {unknown} payload
 * @param {string | undefined} originatingMessageId Not documented for these; the Messenger's own window marks by it what was chosen.
 * @returns {ReplyContent}
 */
function buttonReply (type, text = '', payload = text, originatingMessageId = undefined) {
  const buttonResponse = { type, text: String(text), payload: String(payload), ...(originatingMessageId && { originatingMessageId }) }
  return { type: 'Structured', text: String(text), content: [{ contentType: 'ButtonResponse', buttonResponse }] }
}
