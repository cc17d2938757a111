import { webAddress } from '../shared/content-parts.js'
import { element, pairs } from '../shared/elements.js'

/** @import { Form, FormComponent, ListPicker, PromptMessage } from '../shared/content-parts.js' */

/**
 * What a message was answered with.
 * @typedef {{ id?: string | undefined, text: string, payload: string }[]} Answer
 */

/**
 * A list that the other side has sent, as a card: what leads to its options, or which were chosen.
 * @param {ListPicker} picker
 * @param {string} text
 * @param {Answer | undefined} answer
 * @param {() => void} open
 */
export function drawListPicker ({ receivedMessage, replyMessage, sections = [] }, text, answer, open) {
  if (!answer) return drawCard({ title: text, buttonLabel: 'Choose', ...present(receivedMessage) }, open)
  const items = sections.flatMap(({ items = [] }) => items)
  // What they are called stands in the list; what the answer calls them could be anything.
  const chosen = answer.map(({ text, payload }) => items.find(({ id }) => id === payload)?.title ?? text)
  return drawAnswered({ title: receivedMessage?.title || text, ...present(replyMessage) },
    element('ul', {}, ...chosen.map((title) => element('li', { class: 'chosen', dir: 'auto' }, title))))
}

/**
 * A form that the other side has sent, as a card: what leads to its pages, or what was filled in.
 * @param {Form} form
 * @param {string} text
 * @param {Answer | undefined} answer
 * @param {() => void} open
 */
export function drawForm ({ introduction, receivedMessage, replyMessage, formPages = [] }, text, answer, open) {
  if (!answer) {
    const { title = text, subtitle, imageUrl } = introduction ?? {}
    return drawCard({ title, subtitle, imageUrl, buttonLabel: 'Fill in', ...present(receivedMessage) }, open)
  }
  /** @type {[string, string][]} */
  const fields = []
  for (const { title, pageComponents = [] } of formPages) {
    for (const component of pageComponents) {
      const given = answer.filter(({ id }) => id === idOf(component)).map(({ text }) => text).join(', ')
      if (given) fields.push([labelOf(component) || title, given])
    }
  }
  return drawAnswered({ title: introduction?.title || text, ...present(replyMessage) }, pairs(fields))
}

/**
 * @param {PromptMessage} prompt
 * @param {() => void} open
 */
function drawCard (prompt, open) {
  const { card, title } = drawWords(prompt)
  const opener = element('button', { type: 'button', class: 'choice', dir: 'auto', 'aria-haspopup': 'dialog' }, prompt.buttonLabel || 'Answer')
  opener.addEventListener('click', open)
  card.setAttribute('role', 'group')
  card.setAttribute('aria-label', title)
  card.append(opener)
  return card
}

/**
 * @param {PromptMessage} prompt
 * @param {HTMLElement} answer
 */
function drawAnswered (prompt, answer) {
  const { card, title } = drawWords(prompt)
  card.setAttribute('role', 'group')
  card.setAttribute('aria-label', `${title}, answered`)
  card.append(element('div', { class: 'answered' }, answer))
  return card
}

/** @param {PromptMessage} prompt */
function drawWords ({ header, title = '', subtitle, imageUrl }) {
  const picture = webAddress(imageUrl)
  const words = element('div', { class: 'words' })
  if (header) words.append(element('span', { class: 'size', dir: 'auto' }, header))
  words.append(element('strong', { dir: 'auto' }, title))
  if (subtitle) words.append(element('span', { dir: 'auto' }, subtitle))
  const card = element('div', { class: 'choices' })
  if (picture) card.append(element('img', { src: picture, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' }))
  card.append(words)
  return { card, title }
}

/**
 * The parts that say something.
 * @param {PromptMessage | undefined} prompt
 */
function present (prompt) {
  return Object.fromEntries(Object.entries(prompt ?? {}).filter(([, value]) => value))
}

/** @param {FormComponent} component */
function idOf ({ input, datePicker, listPicker, wheelPicker }) {
  return (input ?? datePicker ?? listPicker ?? wheelPicker)?.id
}

/** @param {FormComponent} component */
function labelOf ({ input, datePicker, listPicker }) {
  if (datePicker) return datePicker.title || 'Day'
  return input?.title ?? (listPicker?.sections?.length === 1 ? listPicker.sections[0]?.title : undefined)
}
