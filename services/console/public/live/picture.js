import { copyOf, element } from '../elements.js'
import { Arrows, partiesOf, showParties } from './lanes.js'
import { gapBefore } from './gaps.js'
import { Rows } from './rows.js'

/** @import { Message } from '../types.js' */
/** @import { Journey } from './journey.js' */

const original = element('div', { role: 'listitem' },
  element('button', { type: 'button', 'aria-current': 'false' },
    element('span', { class: 'number' }), element('span', { class: 'lanes' }), element('span', { class: 'when', 'aria-hidden': 'true' })))

/** The messages as arrows from lane to lane. What comes in is drawn beside what is there: a journey may have thousands. */
export class Picture {
  #rows
  #heads
  #arrows = new Arrows([])
  /** Of a journey that is still coming in. */
  #ahead = new Arrows([])
  /** @type {Map<string, HTMLButtonElement>} */
  #buttons = new Map()
  /** @type {Journey | undefined} */
  #journey
  /** How many of them have happened, as far as it is replayed. */
  #reached = 0
  /** @type {string | undefined} */
  #marked
  /** @type {Set<string>} */
  #lit = new Set()
  /** @type {Set<string>} */
  #broken = new Set()

  /**
   * @param {HTMLElement} rows
   * @param {HTMLElement} heads
   * @param {(key: string) => void} open
   */
  constructor (rows, heads, open) {
    this.#rows = new Rows(rows)
    this.#heads = heads
    rows.addEventListener('click', ({ target }) => {
      const key = target instanceof Element ? target.closest('button')?.dataset['key'] : undefined
      if (key !== undefined) open(key)
    })
  }

  /**
   * Draw what there is of a journey that is still coming in, so that less is to be drawn when it is shown.
   * @param {Journey} journey
   */
  prepare (journey) {
    this.#ahead = this.#ahead.for(partiesOf(journey.messages))
    this.#ahead.prepare(journey.messages)
  }

  /** @param {Journey} journey */
  show (journey) {
    this.#journey = journey
    this.#reached = journey.messages.length
    this.#arrows = this.#ahead.for(partiesOf(journey.messages))
    this.#ahead = new Arrows([])
    const { parties } = this.#arrows
    document.documentElement.style.setProperty('--parties', String(Math.max(parties.length, 1)))
    showParties(this.#heads, parties)
    this.#buttons.clear()
    this.#rows.reset(journey.messages.map((message, index) => this.#rowOf(message, index)))
    this.#markBroken()
  }

  /**
   * One more message, which the journey has at this index.
   * @param {Message} message
   * @param {number} index
   */
  add (message, index) {
    const journey = this.#journey
    if (!journey) return
    if (partiesOf([message]).some(party => !this.#arrows.parties.includes(party))) {
      const [reached, isReached] = [this.#reached, this.#reached === journey.messages.length - 1]
      this.show(journey)
      this.reach(isReached ? journey.messages.length : reached)
      return
    }
    const row = this.#rowOf(message, index)
    row.classList.add('new')
    if (index < this.#reached || this.#reached === journey.messages.length - 1) this.#reached++
    else row.classList.add('coming')
    this.#rows.insert(row, index)
    this.#renumber(index + 1)
  }

  /** @param {string} key */
  remove (key) {
    const row = this.rowOf(key)?.parentElement
    if (!row) return
    const index = this.#rows.indexOf(row)
    if (index < this.#reached) this.#reached--
    this.#rows.remove(row)
    this.#buttons.delete(key)
    this.#renumber(index)
  }

  /** @param {string} key */
  rowOf (key) {
    return this.#buttons.get(key)
  }

  /** Whether somebody sees the last message, or has not scrolled at all where the picture scrolls by itself. */
  get isLastInSight () {
    const last = this.#rows.at(this.#rows.length - 1)
    const pane = last?.closest('.picture')
    if (!pane || !last) return true
    const isAtTop = pane.scrollTop === 0 && getComputedStyle(pane).overflowY === 'auto'
    return isAtTop || last.getBoundingClientRect().top < Math.min(pane.getBoundingClientRect().bottom, innerHeight)
  }

  /** @param {Message | undefined} message */
  bringInSight (message) {
    this.rowOf(message?.key ?? '')?.scrollIntoView({ block: 'nearest' })
  }

  /**
   * Have so many messages have happened, and the others not yet.
   * @param {number} reached
   */
  reach (reached) {
    const [from, to] = [Math.min(reached, this.#reached), Math.max(reached, this.#reached)]
    for (let index = from; index < to; index++) this.#rows.at(index)?.classList.toggle('coming', reached < this.#reached)
    this.#reached = reached
  }

  /** @param {string | undefined} key of the message that is open */
  mark (key) {
    this.#buttons.get(this.#marked ?? '')?.setAttribute('aria-current', 'false')
    this.#buttons.get(key ?? '')?.setAttribute('aria-current', 'true')
    this.#marked = key
  }

  /** @param {Iterable<string>} keys of messages that are to be seen at once */
  light (keys) {
    const lit = new Set(keys)
    for (const key of [...this.#lit, ...lit]) this.#buttons.get(key)?.classList.toggle('lit', lit.has(key))
    this.#lit = lit
  }

  /** @param {Iterable<string>} keys of messages of which a check does not hold */
  markBroken (keys) {
    const broken = new Set(keys)
    for (const key of this.#broken) if (!broken.has(key)) this.#buttons.get(key)?.querySelector('.broken')?.remove()
    this.#broken = broken
    this.#markBroken()
  }

  #markBroken () {
    for (const key of this.#broken) {
      const asked = this.#buttons.get(key)?.querySelector('.asked')
      if (asked && !asked.querySelector('.broken')) {
        asked.append(element('span', { class: 'broken fault' }, ' ✗', element('span', { class: 'visually-hidden' }, ' a check does not hold')))
      }
    }
  }

  /**
   * @param {Message} message
   * @param {number} index
   */
  #rowOf (message, index) {
    const row = copyOf(original, { '.number': String(index + 1), '.when': this.#whenOf(message) })
    const button = /** @type {HTMLButtonElement} */ (row.firstElementChild)
    button.dataset['key'] = message.key
    if (message.key === this.#marked) button.setAttribute('aria-current', 'true')
    if (this.#lit.has(message.key)) button.classList.add('lit')
    button.querySelector('.lanes')?.append(this.#arrows.of(message))
    this.#buttons.set(message.key, button)
    row.prepend(...this.#gapBefore(index))
    return row
  }

  /** @param {Message} message */
  #whenOf (message) {
    const seconds = (message.at - (this.#journey?.messages[0]?.at ?? message.at)) / 1_000
    return `+${seconds.toFixed(seconds < 10 ? 2 : 0)} s`
  }

  /** @param {number} index */
  #gapBefore (index) {
    const gap = gapBefore(this.#journey?.messages[index], this.#journey?.messages[index - 1])
    return gap === undefined ? [] : [element('span', { class: 'gap' }, gap)]
  }

  /**
   * Something has come or gone before these.
   * @param {number} first
   */
  #renumber (first) {
    const { messages } = this.#journey ?? { messages: [] }
    for (let index = first; index < messages.length; index++) {
      const number = this.#rows.at(index)?.querySelector('.number')
      if (number) number.textContent = String(index + 1)
    }
    const next = this.#rows.at(first)
    if (!next) return
    next.querySelector('.gap')?.remove()
    next.prepend(...this.#gapBefore(first))
  }
}
