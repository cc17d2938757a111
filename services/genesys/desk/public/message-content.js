import { momentOf, sizeOf } from './formats.js'
import { element, icon, words } from './elements.js'

/** @import { Attachment, Card, CardAction, Form, FormComponent, ListPicker, Message, Part, Section } from './desk-api-types.js' */

/**
 * What a message says, as what it is. Nothing in it is ever HTML.
 * @param {Message} message
 * @param {(id: string) => Message | undefined} original the message of an id, where it is known
 */
export function contentOf (message, original) {
  const parts = message.content ?? []
  const choices = parts.flatMap(part => part.contentType === 'ButtonResponse' ? part.buttonResponse : [])
  // Of a choice, of a list and of a form the text says again what stands in it.
  const repeats = parts.some(({ contentType }) => ['ButtonResponse', 'ListPicker', 'Form'].includes(contentType))
  return [
    ...message.text && !repeats ? [words('p', 'bubble', message.text)] : [],
    ...quickReplies(parts),
    ...choices.length > 0 ? [chosen(choices)] : [],
    ...parts.flatMap(part => nodeOf(part, message.text ?? '', original) ?? [])
  ]
}

/**
 * The id of the message whose words an answer cannot be shown without.
 * @param {Message} message
 */
export const originOf = ({ content = [] }) =>
  content.flatMap(part => part.contentType === 'Form' && part.form.response ? part.form.originatingMessageId ?? [] : [])[0]

/** @param {{ text: string, payload: string, type: string }[]} choices */
function chosen (choices) {
  return element('div', { class: 'bubble chosen' },
    element('span', { class: 'kind' }, 'Chose'), words('span', '', choices.map(choiceOf).join(', ')))
}

/** @param {Part[]} parts */
function quickReplies (parts) {
  const offered = parts.flatMap(part => part.contentType === 'QuickReply' ? part.quickReply : [])
  if (offered.length === 0) return []
  return [element('ul', { class: 'offered', 'aria-label': 'Quick replies offered' },
    ...offered.map(({ text }) => words('li', 'offer', text)))]
}

/**
 * @param {Part} part
 * @param {string} text
 * @param {(id: string) => Message | undefined} original
 */
function nodeOf (part, text, original) {
  switch (part.contentType) {
    case 'Attachment':
      return attachment(part.attachment)
    case 'Card':
      return card(part.card)
    case 'Carousel':
      return element('ul', { class: 'carousel', 'aria-label': 'Cards', tabindex: '0' },
        ...part.carousel.cards.map(each => element('li', {}, card(each))))
    case 'DatePicker':
      return datePicker(part.datePicker)
    case 'ListPicker':
      return listPicker(part.listPicker, text)
    case 'Form':
      return part.form.response ? formReply(part.form, text, original) : form(part.form, text)
    default:
      // Quick replies stand together, above, and so does what was chosen.
      return undefined
  }
}

/** @param {{ text: string, payload: string, type: string }} response */
function choiceOf ({ text, payload, type }) {
  return type === 'DatePicker' && !Number.isNaN(Date.parse(payload)) ? momentOf(payload) : text
}

/** @param {Attachment} attachment */
function attachment ({ url, filename, fileSize, mediaType }) {
  const address = webAddress(url)
  const about = element('span', { class: 'about-file' },
    element('bdi', { class: 'file-name' }, filename), element('span', { class: 'size' }, sizeOf(fileSize)))
  const picture = mediaType === 'Image' && address !== undefined
    ? element('img', { src: address, alt: filename, loading: 'lazy' })
    : icon('file')
  const look = mediaType === 'Image' && address !== undefined ? 'attachment image' : 'attachment'
  return address === undefined
    ? element('span', { class: look }, picture, about)
    : element('a', { class: look, href: address, target: '_blank', rel: 'noopener noreferrer' }, picture, about)
}

/** @param {Card} card */
function card ({ title, description, image, video, actions }) {
  const picture = webAddress(image)
  const film = webAddress(video)
  return element('div', { class: 'card' },
    ...picture === undefined ? [] : [element('img', { src: picture, alt: '', loading: 'lazy' })],
    ...film === undefined ? [] : [element('video', { src: film, controls: '', preload: 'none', 'aria-label': `Video: ${title}` })],
    words('p', 'title', title),
    ...description ? [words('p', 'description', description)] : [],
    ...actions.map(cardAction))
}

/** @param {CardAction} action */
function cardAction ({ type, text, url }) {
  const address = type === 'Link' ? webAddress(url) : undefined
  return address === undefined
    ? words('span', 'offer', text)
    : element('a', { class: 'offer', href: address, target: '_blank', rel: 'noopener noreferrer', dir: 'auto' }, text)
}

/** @param {{ title?: string, subtitle?: string, availableTimes: { dateTime: string }[] }} datePicker */
function datePicker ({ title, subtitle, availableTimes }) {
  const times = availableTimes.map(({ dateTime }) => element('li', { class: 'offer' }, momentOf(dateTime)))
  return element('div', { class: 'card' },
    words('p', 'title', title ?? 'Times to choose from'),
    ...subtitle ? [words('p', 'description', subtitle)] : [],
    element('ul', { class: 'offered' }, ...times))
}

/**
 * @param {ListPicker} listPicker
 * @param {string} text
 */
function listPicker ({ receivedMessage, sections }, text) {
  return element('div', { class: 'card' },
    element('span', { class: 'kind' }, 'List'),
    words('p', 'title', receivedMessage?.title || text),
    ...sections.flatMap(section => sectionOf(section)))
}

/** @param {Section} section */
function sectionOf ({ title, multipleSelection, items }) {
  const name = `${title ? `${title}, ` : ''}${multipleSelection ? 'one or several' : 'one'}`
  return [words('p', 'description', name), element('ul', { class: 'offered' }, ...items.map(item => words('li', 'offer', item.title)))]
}

/**
 * @param {Form} form
 * @param {string} text
 */
function form ({ introduction, receivedMessage, formPages = [] }, text) {
  const fields = formPages.flatMap(({ title, pageComponents }) => pageComponents.map(component => fieldOf(component, title).label))
  return element('div', { class: 'card' },
    element('span', { class: 'kind' }, 'Form'),
    words('p', 'title', receivedMessage?.title || introduction?.title || text),
    element('ul', { class: 'offered' }, ...fields.map(label => words('li', 'offer', label))))
}

/**
 * @param {Form} form
 * @param {string} text
 * @param {(id: string) => Message | undefined} original
 */
function formReply ({ originatingMessageId = '', response = [] }, text, original) {
  const labels = new Map((original(originatingMessageId)?.content ?? []).flatMap(part => part.contentType === 'Form' ? part.form : [])
    .flatMap(({ formPages = [] }) => formPages)
    .flatMap(({ title, pageComponents }) => pageComponents.map(component => fieldOf(component, title)))
    .map(({ id, label }) => [id, label]))
  const given = Map.groupBy(response, ({ id }) => id)
  return element('div', { class: 'card filled-in' },
    element('span', { class: 'kind' }, 'Filled in'),
    words('p', 'title', text),
    element('dl', {}, ...[...given].map(([id, entries]) => element('div', {},
      words('dt', '', labels.get(id) ?? id),
      words('dd', '', entries.map(({ component }) => component.buttonResponse.text).join(', '))))))
}

/**
 * @param {FormComponent} component
 * @param {string} page
 */
function fieldOf ({ input, datePicker, listPicker, wheelPicker }, page) {
  const id = (input ?? datePicker ?? listPicker ?? wheelPicker)?.id ?? ''
  const [section, ...others] = listPicker?.sections ?? []
  return { id, label: input?.title || datePicker?.title || (others.length === 0 && section?.title) || page }
}

/**
 * Other schemes than the web's could be a script.
 * @param {string | undefined} url
 */
function webAddress (url) {
  if (url === undefined || !URL.canParse(url, location.href)) return undefined
  const { protocol, href } = new URL(url, location.href)
  return protocol === 'http:' || protocol === 'https:' ? href : undefined
}
