import { button, element } from './elements.js'

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} text
 * @property {boolean} mine
 * @property {string} author
 * @property {Date} time
 * @property {'' | 'Sending' | 'Sent'} state
 * @property {string | undefined} [problem] Why it was not sent.
 *
 * @typedef {Entry & { row: HTMLElement }} Shown
 */

const GROUPED_WITHIN = 5 * 60_000

/** The messages of the conversation in the order of their times. */
export class ConversationLog {
  /** @type {Shown[]} */
  #entries = []
  #onRetry
  node = element('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Conversation' })

  /** @param {(key: string, text: string) => void} onRetry */
  constructor (onRetry) {
    this.#onRetry = onRetry
  }

  get empty () {
    return this.#entries.length === 0
  }

  /** @param {string} key */
  has (key) {
    return this.#entries.some((entry) => entry.key === key)
  }

  /** @param {Entry} entry */
  add (entry) {
    const shown = { ...entry, row: this.#draw(entry) }
    const index = this.#entries.findLastIndex(({ time }) => time <= entry.time) + 1
    const next = this.#entries[index]
    this.#entries.splice(index, 0, shown)
    this.node.insertBefore(shown.row, next?.row ?? null)
    this.#group(index)
    this.#group(index + 1)
  }

  /**
   * @param {string} key
   * @param {Partial<Entry>} change
   */
  change (key, change) {
    const entry = this.#entries.find((candidate) => candidate.key === key)
    if (!entry) return
    Object.assign(entry, change)
    const row = this.#draw(entry)
    row.classList.toggle('follows', entry.row.classList.contains('follows'))
    entry.row.replaceWith(row)
    entry.row = row
  }

  /** @param {string} key */
  remove (key) {
    const index = this.#entries.findIndex((entry) => entry.key === key)
    if (index < 0) return
    this.#entries.splice(index, 1)[0]?.row.remove()
    this.#group(index)
  }

  clear () {
    this.#entries = []
    this.node.replaceChildren()
  }

  /** @param {Entry} entry */
  #draw (entry) {
    const bubble = element('p', { class: 'bubble', dir: 'auto' }, entry.text)
    return entry.mine ? this.#drawMine(entry, bubble) : drawTheirs(entry, bubble)
  }

  /**
   * @param {Entry} entry
   * @param {HTMLElement} bubble
   */
  #drawMine (entry, bubble) {
    const { key, text, problem, state } = entry
    const meta = element('div', { class: 'meta' }, clock(entry.time))
    const row = element('div', { class: 'entry mine' }, element('span', { class: 'unseen' }, 'You'), bubble, meta)
    meta.append(element('span', { class: 'state' }, problem ?? state))
    row.classList.toggle('sending', state === 'Sending' && !problem)
    row.classList.toggle('failed', Boolean(problem))
    if (problem) meta.append(button('Retry', 'link', () => this.#onRetry(key, text)))
    return row
  }

  /** @param {number} index */
  #group (index) {
    const entry = this.#entries[index]
    const previous = this.#entries[index - 1]
    const follows = entry && previous && entry.author === previous.author &&
      entry.time.getTime() - previous.time.getTime() < GROUPED_WITHIN
    entry?.row.classList.toggle('follows', Boolean(follows))
  }
}

/**
 * @param {Entry} entry
 * @param {HTMLElement} bubble
 */
function drawTheirs ({ author, time }, bubble) {
  const initial = element('span', { class: 'avatar', 'aria-hidden': 'true' }, author.charAt(0).toUpperCase())
  return element('div', { class: 'entry' },
    element('span', { class: 'author', dir: 'auto' }, author),
    initial,
    element('div', { class: 'said' }, bubble),
    element('div', { class: 'meta' }, clock(time)))
}

const TODAY = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const EARLIER = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

/** @param {Date} time */
function clock (time) {
  const today = time.toDateString() === new Date().toDateString()
  return element('time', { datetime: time.toISOString() }, (today ? TODAY : EARLIER).format(time))
}
