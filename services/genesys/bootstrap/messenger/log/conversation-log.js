import { element } from '../shared/elements.js'
import { dayName, isSameDay } from '../shared/times.js'
import { drawEntry, isListOrForm, markAnswered } from './entry-view.js'

/** @import { Entry, EntryHandlers } from './entry-view.js' */
/** @import { Answer } from './list-and-form-cards.js' */

/** @typedef {Entry & { row: HTMLElement, day: HTMLElement }} Shown */

const GROUPED_WITHIN_MS = 5 * 60_000

/** The messages of the conversation in the order of their times, day by day. */
export class ConversationLog {
  /** @type {Shown[]} */
  #entries = []
  /** @type {Map<string, Answer>} */
  #answers = new Map()
  #handlers
  node = element('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'Conversation' })

  /** @param {EntryHandlers} handlers */
  constructor (handlers) {
    this.#handlers = handlers
  }

  get empty () {
    return this.#entries.length === 0
  }

  /** @returns {Entry | undefined} */
  get last () {
    return this.#entries.at(-1)
  }

  /**
   * @param {string} key
   * @returns {Entry | undefined}
   */
  find (key) {
    return this.#entries.find((entry) => entry.key === key)
  }

  /** @param {Entry} entry */
  add (entry) {
    const shown = { ...entry, row: this.#draw(entry), day: element('div', { class: 'day', hidden: '' }) }
    const index = this.#entries.findLastIndex(({ time }) => time <= entry.time) + 1
    const next = this.#entries[index]
    this.#entries.splice(index, 0, shown)
    const place = next?.day ?? null
    this.node.insertBefore(shown.day, place)
    this.node.insertBefore(shown.row, place)
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
    entry.row.replaceWith(row)
    entry.row = row
    this.#group(this.#entries.indexOf(entry))
  }

  /**
   * What is under way stands still, or goes on.
   * @param {boolean} waiting
   */
  hold (waiting) {
    for (const { key, state } of this.#entries) {
      if (waiting && state === 'Sending') this.change(key, { state: 'Waiting' })
      if (!waiting && state === 'Waiting') this.change(key, { state: 'Sending' })
    }
  }

  /**
   * @param {string} id The message that was answered.
   * @param {Answer} answer
   */
  answer (id, answer) {
    this.#answers.set(id, answer)
    for (const entry of this.#entries.filter((entry) => entry.id === id || entry.key === id)) {
      // A pressed button stays where it is, with the focus; a list and a form give way to what was chosen.
      if (isListOrForm(entry)) this.change(entry.key, {})
      else markAnswered(entry.row, answer)
    }
  }

  /** @param {string} key */
  remove (key) {
    const index = this.#entries.findIndex((entry) => entry.key === key)
    if (index < 0) return
    const [removed] = this.#entries.splice(index, 1)
    removed?.row.remove()
    removed?.day.remove()
    this.#group(index)
  }

  clear () {
    this.#entries = []
    this.#answers.clear()
    this.node.replaceChildren()
  }

  /** @param {Entry} entry */
  #draw (entry) {
    // A page that shows messages itself has learnt its other id.
    const answer = this.#answers.get(entry.id ?? '') ?? this.#answers.get(entry.key)
    const row = drawEntry(entry, this.#handlers, answer)
    if (answer) markAnswered(row, answer)
    return row
  }

  /** @param {number} index */
  #group (index) {
    const entry = this.#entries[index]
    if (!entry) return
    const previous = this.#entries[index - 1]
    const sameDay = Boolean(previous && isSameDay(previous.time, entry.time))
    const follows = sameDay && previous?.side === entry.side && previous.author === entry.author &&
      entry.time.getTime() - previous.time.getTime() < GROUPED_WITHIN_MS
    entry.row.classList.toggle('follows', follows)
    entry.day.hidden = sameDay
    if (!sameDay) this.#nameDays()
  }

  /** All of them, because what was today is yesterday in a window that is left open overnight. */
  #nameDays () {
    for (const { day, time } of this.#entries) {
      const name = day.hidden ? '' : dayName(time)
      if (day.textContent !== name) day.replaceChildren(...(name ? [element('span', {}, name)] : []))
    }
  }
}
