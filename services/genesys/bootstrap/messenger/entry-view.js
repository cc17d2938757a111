import { drawAttachment } from './attachments.js'
import { drawCards } from './cards.js'
import { cardsIn, pick } from './content.js'
import { drawDatePicker } from './date-picker.js'
import { button, element } from './elements.js'
import { richText } from './rich-text.js'
import { clock } from './times.js'

/** @import { Choice, Content } from './content.js' */

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
 * @property {() => void} refresh A file's address has lapsed.
 */

/**
 * @param {Entry} entry
 * @param {EntryHandlers} handlers
 */
export function drawEntry (entry, handlers) {
  if (entry.side === 'event') return element('div', { class: 'entry event' }, element('span', { dir: 'auto' }, entry.text))
  const said = element('div', { class: 'said' }, ...drawSaid(entry, handlers))
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
 */
function drawSaid ({ id, text, content, side }, { choose, refresh }) {
  const answer = (/** @type {Pick<Choice, 'type' | 'message' | 'postback'>} */ choice) => {
    choose({ ...choice, originatingMessageId: id })
  }
  const cards = side === 'theirs' ? cardsIn(content) : []
  const pickers = side === 'theirs' ? pick(content, 'datePicker') : []
  const parts = pick(content, 'attachment').map((attachment) => drawAttachment(attachment, refresh))
  // The text of a structured message often only repeats its title, for those who cannot show more.
  const repeated = [...cards, ...pickers].some(({ title }) => title === text)
  if (text && !repeated) parts.push(element('p', { class: 'bubble', dir: 'auto' }, ...richText(text)))
  if (cards.length > 0) parts.push(drawCards(cards, answer))
  return [...parts, ...pickers.map((picker) => drawDatePicker(picker, answer))]
}

/**
 * Whether there is anything of it to see.
 * @param {Entry} entry
 */
export function isVisible ({ text, content }) {
  return text !== '' || cardsIn(content).length > 0 || pick(content, 'attachment').length > 0 || pick(content, 'datePicker').length > 0
}

/**
 * Of the buttons of an answered message none can be pressed any more, and the chosen one shows.
 * @param {HTMLElement} row
 * @param {string} payload
 */
export function markAnswered (row, payload) {
  for (const choice of row.querySelectorAll('[data-payload]')) {
    choice.setAttribute('aria-disabled', 'true')
    const chosen = choice.getAttribute('data-payload') === payload
    choice.classList.toggle('chosen', chosen)
    if (chosen) choice.setAttribute('aria-pressed', 'true')
  }
}
