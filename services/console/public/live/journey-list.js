import { element } from '../elements.js'
import { Rows } from './rows.js'

/** @import { Summary } from '../types.js' */

/** The journeys, the latest first. Each is drawn anew only when there is more of it: there may be thousands. */
export class JourneyList {
  #rows
  #count
  #isMeant
  #none
  #follow
  /** @type {Map<string, { summary: Summary, row?: HTMLElement }>} */
  #journeys = new Map()
  /**
   * Those that are listed, in their order.
   * @type {Summary[]}
   */
  #listed = []
  /** @type {string | undefined} */
  #current

  /**
   * @param {HTMLElement} place
   * @param {HTMLElement} count where it is said how many there are
   * @param {{ isMeant: (summary: Summary) => boolean, choose: (id: string) => void, none: HTMLElement, follow: 'beginning' | 'last message' }} options
   *   `none` is said where there are journeys, and none of those that are meant; `follow`: by which of its messages the latest is found
   */
  constructor (place, count, { isMeant, choose, none, follow }) {
    this.#rows = new Rows(place)
    this.#count = count
    this.#isMeant = isMeant
    this.#none = none
    this.#follow = follow
    place.addEventListener('click', ({ target }) => {
      const id = target instanceof Element ? target.closest('button')?.dataset['journey'] : undefined
      if (id !== undefined) choose(id)
    })
  }

  get size () {
    return this.#journeys.size
  }

  /** @param {string} id */
  find (id) {
    return this.#journeys.get(id)?.summary
  }

  /** The latest of those that are listed; what belongs to no browser only where there is nothing else. */
  get latest () {
    const begun = this.#listed.find(({ id }) => !isBackground(id)) ?? this.#listed[0]
    if (!begun || this.#follow === 'beginning') return begun?.id
    return this.#listed.reduce((latest, other) => other.to > latest.to && !isBackground(other.id) ? other : latest, begun).id
  }

  /**
   * Have these be all that there are, once they are drawn.
   * @param {Summary[]} summaries
   */
  reset (summaries) {
    this.#journeys = new Map(summaries.map(summary => [summary.id, { summary }]))
    this.filter()
  }

  /** @param {Summary[]} summaries */
  put (summaries) {
    for (const summary of summaries) {
      const known = this.#journeys.get(summary.id)
      const row = this.#rowOf(summary, known?.row)
      this.#journeys.set(summary.id, { summary, row })
      const index = this.#listed.findIndex(({ id }) => id === summary.id)
      if (index >= 0 && known?.summary.from === summary.from && this.#isMeant(summary)) this.#listed[index] = summary
      else {
        this.#unlist(index)
        if (this.#isMeant(summary)) this.#list(summary, row)
      }
    }
    this.#tally()
  }

  /** @param {string} id */
  remove (id) {
    this.#unlist(this.#listed.findIndex(summary => summary.id === id))
    this.#journeys.delete(id)
    this.#tally()
  }

  /** @param {string} id */
  isListed (id) {
    return this.#listed.some(summary => summary.id === id)
  }

  /** List those that are meant, and no others, once they are drawn. */
  filter () {
    this.#listed = [...this.#journeys.values()].map(({ summary }) => summary).filter(this.#isMeant).sort((a, b) => b.from - a.from)
  }

  draw () {
    const rows = []
    for (const { id } of this.#listed) {
      const journey = this.#journeys.get(id)
      if (!journey) continue
      journey.row ??= this.#rowOf(journey.summary)
      rows.push(journey.row)
    }
    this.#rows.reset(rows)
    this.#tally()
  }

  /** @param {string | undefined} id */
  mark (id) {
    for (const marked of [this.#current, id]) {
      this.#journeys.get(marked ?? '')?.row?.querySelector('button')?.setAttribute('aria-current', String(marked === id))
    }
    this.#current = id
  }

  /**
   * @param {Summary} summary
   * @param {HTMLElement} row
   */
  #list (summary, row) {
    // Nearly always it is the latest of all.
    const index = this.#listed.findIndex(({ from }) => from <= summary.from)
    const place = index < 0 ? this.#listed.length : index
    this.#listed.splice(place, 0, summary)
    this.#rows.insert(row, place)
  }

  /** @param {number} index */
  #unlist (index) {
    const row = this.#rows.at(index)
    if (!row) return
    this.#listed.splice(index, 1)
    this.#rows.remove(row)
  }

  #tally () {
    const [all, listed] = [this.#journeys.size, this.#listed.length]
    this.#count.textContent = all === listed ? String(all) : `${listed} of ${all}`
    this.#none.hidden = all === 0 || listed > 0
  }

  /**
   * @param {Summary} summary
   * @param {HTMLElement} [row] what was drawn of it before
   */
  #rowOf (summary, row = element('div', { role: 'listitem' })) {
    const content = [
      element('span', {}, nameOf(summary)),
      ...isBackground(summary.id) ? [] : [element('span', { class: `outcome ${summary.outcome.replace(' ', '-')}` }, summary.outcome)],
      ...summary.faults.map(fault => element('span', { class: 'fault' }, `⚡ ${fault}`)),
      element('small', {}, `${new Date(summary.from).toLocaleTimeString()}, ${summary.messages} ${summary.messages === 1 ? 'message' : 'messages'}`)
    ]
    const button = row.querySelector('button')
    // What has the focus keeps it.
    if (button) button.replaceChildren(...content)
    else row.append(element('button', { type: 'button', 'data-journey': summary.id, 'aria-current': String(summary.id === this.#current) }, ...content))
    return row
  }
}

/** @param {Summary} journey */
export function nameOf ({ id, who, clients }) {
  const whose = isBackground(id) ? 'Outside of any sign-in' : who.join(', ') || 'nobody yet'
  return [whose, clients.join(', ')].filter(Boolean).join(' · ')
}

/**
 * Whether it belongs to no browser.
 * @param {string} id
 */
export const isBackground = id => id.startsWith('background')
