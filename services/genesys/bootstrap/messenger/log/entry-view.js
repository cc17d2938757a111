import { cardsIn, pick } from '../shared/content-parts.js'
import { button, element } from '../shared/elements.js'
import { clock } from '../shared/times.js'
import { drawAttachment } from './attachment-view.js'
import { drawCards } from './cards.js'
import { drawDatePicker } from './date-picker.js'
import { linkAddresses } from './linked-text.js'
import { drawForm, drawListPicker } from './list-and-form-cards.js'

/** @import { ButtonChoice, Choice, Content } from '../shared/content-parts.js' */
/** @import { Answer } from './list-and-form-cards.js' */

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {string | undefined} [id] The message's own, for the answer to it.
 * @property {'theirs' | 'mine' | 'event'} side
 * @property {string} text
 * @property {Content[]} content
 * @property {string} author
 * @property {Date} time
 * @property {'' | 'Sending' | 'Waiting' | 'Sent'} state
 * @property {string | undefined} [problem] Why it was not sent.
 *
 * @typedef {object} EntryHandlers
 * @property {(entry: Entry) => void} retry
 * @property {(choice: Choice) => void} choose
 * @property {(entry: Entry) => void} fill A list or a form is to be answered.
 * @property {() => void} refresh A file's address has lapsed.
 */

/**
 * @param {Entry} entry
 * @param {EntryHandlers} handlers
 * @param {Answer} [answer] What it was answered with.
 */
export function drawEntry (entry, handlers, answer) {
  if (entry.side === 'event') return element('div', { class: 'entry event' }, element('span', { dir: 'auto' }, entry.text))
  const said = element('div', { class: 'said' }, ...drawSaid(entry, handlers, answer))
  const meta = element('div', { class: 'meta' }, clock(entry.time))
  if (entry.side === 'mine') return drawMine(entry, said, meta, handlers)
  const author = element('span', { class: 'author' }, element('bdi', {}, entry.author))
  const initial = element('span', { class: 'avatar', 'aria-hidden': 'true' }, [...entry.author][0]?.toUpperCase() ?? '')
  return element('div', { class: 'entry' }, author, initial, said, meta)
}

/**
 * @param {Entry} entry
 * @param {HTMLElement} said
 * @param {HTMLElement} meta
 * @param {EntryHandlers} handlers
 */
function drawMine (entry, said, meta, { retry }) {
  const { problem, state } = entry
  const row = element('div', { class: 'entry mine' }, element('span', { class: 'unseen' }, 'You'), said, meta)
  meta.append(element('bdi', { class: 'state' }, problem ?? state))
  row.classList.toggle('sending', (state === 'Sending' || state === 'Waiting') && !problem)
  row.classList.toggle('failed', Boolean(problem))
  if (problem) meta.append(button('Retry', 'link', () => retry(entry)))
  return row
}

/**
 * @param {Entry} entry
 * @param {EntryHandlers} handlers
 * @param {Answer} [answer]
 */
function drawSaid (entry, { choose, fill, refresh }, answer) {
  const { id, text, content, side } = entry
  const press = (/** @type {Pick<ButtonChoice, 'type' | 'message' | 'postback'>} */ choice) => {
    choose({ ...choice, originatingMessageId: id })
  }
  const offered = side === 'theirs' ? content : []
  const cards = cardsIn(offered)
  const pickers = pick(offered, 'datePicker')
  const open = () => fill(entry)
  const offers = [
    ...pick(offered, 'listPicker').map((picker) => drawListPicker(picker, text, answer, open)),
    ...pick(offered, 'form').map((form) => drawForm(form, text, answer, open))
  ]
  const parts = pick(content, 'attachment').map((attachment) => drawAttachment(attachment, refresh))
  // The text of a structured message often only repeats its title, for those who cannot show more.
  const repeated = offers.length > 0 || [...cards, ...pickers].some(({ title }) => title === text)
  if (text && !repeated) parts.push(element('p', { class: 'bubble', dir: 'auto' }, ...linkAddresses(text)))
  if (cards.length > 0) parts.push(drawCards(cards, press))
  return [...parts, ...pickers.map((picker) => drawDatePicker(picker, press)), ...offers]
}

/**
 * Whether there is anything of it to see.
 * @param {Entry} entry
 */
export function isVisible ({ text, content }) {
  const shown = /** @type {const} */ (['attachment', 'datePicker', 'listPicker', 'form'])
  return text !== '' || cardsIn(content).length > 0 || shown.some((kind) => pick(content, kind).length > 0)
}

/**
 * Whether it has the person choose from a list or fill in a form.
 * @param {Entry} entry
 */
export function isListOrForm ({ content }) {
  return pick(content, 'listPicker').length > 0 || pick(content, 'form').length > 0
}

/**
 * Of the buttons of an answered message none can be pressed any more, and the chosen one shows.
 * @param {HTMLElement} row
 * @param {Answer} answer
 */
export function markAnswered (row, answer) {
  for (const choice of row.querySelectorAll('[data-payload]')) {
    choice.setAttribute('aria-disabled', 'true')
    const chosen = answer.some(({ payload }) => choice.getAttribute('data-payload') === payload)
    choice.classList.toggle('chosen', chosen)
    if (chosen) choice.setAttribute('aria-pressed', 'true')
  }
}
