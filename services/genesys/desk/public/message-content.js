import { momentOf, sizeOf } from './descriptions.js'
import { element, icon, words } from './elements.js'

/** @import { Attachment, Card, CardAction, Message, Part } from './types.js' */

/**
 * What a message says, as what it is. Nothing in it is ever HTML.
 * @param {Message} message
 */
export function contentOf (message) {
  const parts = message.content ?? []
  // Of a choice, the text says again what was chosen.
  const chosen = parts.some(({ contentType }) => contentType === 'ButtonResponse')
  return [
    ...message.text && !chosen ? [words('p', 'bubble', message.text)] : [],
    ...quickReplies(parts),
    ...parts.flatMap(part => nodeOf(part) ?? [])
  ]
}

/** @param {Part[]} parts */
function quickReplies (parts) {
  const offered = parts.flatMap(part => part.contentType === 'QuickReply' ? part.quickReply : [])
  if (offered.length === 0) return []
  return [element('ul', { class: 'offered', 'aria-label': 'Quick replies offered' },
    ...offered.map(({ text }) => words('li', 'offer', text)))]
}

/** @param {Part} part */
function nodeOf (part) {
  switch (part.contentType) {
    case 'Attachment':
      return attachment(part.attachment)
    case 'ButtonResponse':
      return element('div', { class: 'bubble chosen' },
        element('span', { class: 'kind' }, 'Chose'), words('span', '', choiceOf(part.buttonResponse)))
    case 'Card':
      return card(part.card)
    case 'Carousel':
      return element('ul', { class: 'carousel', 'aria-label': 'Cards', tabindex: '0' },
        ...part.carousel.cards.map(each => element('li', {}, card(each))))
    case 'DatePicker':
      return datePicker(part.datePicker)
    default:
      // Quick replies stand together, above.
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
function card ({ title, description, image, actions }) {
  const picture = webAddress(image)
  return element('div', { class: 'card' },
    ...picture === undefined ? [] : [element('img', { src: picture, alt: '', loading: 'lazy' })],
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
 * Other schemes than the web's could be a script.
 * @param {string | undefined} url
 */
function webAddress (url) {
  if (url === undefined || !URL.canParse(url, location.href)) return undefined
  const { protocol, href } = new URL(url, location.href)
  return protocol === 'http:' || protocol === 'https:' ? href : undefined
}
