import { element } from '../elements.js'
import { watchRunning } from '../running.js'

/** @type {Record<string, string>} */
const names = { 'relying-party': 'the application', idp: 'the provider', genesys: 'Genesys' }

const listOf = new Intl.ListFormat('en')

/** Says whether the page is live, and from whom nothing comes. */
export class StateLine {
  #place
  /** @type {string[]} */
  #missing = []
  #isLive = false

  /** @param {HTMLElement} place */
  constructor (place) {
    this.#place = place
    watchRunning(running => {
      if (!running) return
      const missing = missingOf(running.services)
      if (missing.join() === this.#missing.join()) return
      this.#missing = missing
      if (this.#isLive) this.goOn()
    })
  }

  goOn () {
    this.#isLive = true
    this.#say('Live', this.#missing)
  }

  breakOff () {
    this.#isLive = false
    this.#place.replaceChildren('The console does not answer; trying again.')
  }

  /** @param {Record<string, boolean>} cleared which services have forgotten everything */
  clear (cleared) {
    this.#say('Cleared', missingOf(cleared))
  }

  /** @param {unknown} error */
  fail (error) {
    this.#place.replaceChildren(element('span', { class: 'fault' }, `Could not be loaded: ${error instanceof Error ? error.message : error}`))
  }

  /**
   * @param {string} what
   * @param {string[]} missing
   */
  #say (what, missing) {
    const note = missing.length === 0 ? [] : [element('span', { class: 'fault' }, ` Not reached: ${listOf.format(missing)}.`)]
    this.#place.replaceChildren(element('span', {}, what), ...note)
  }
}

/** @param {Record<string, boolean>} reached */
const missingOf = reached => Object.keys(reached).filter(service => !reached[service]).map(service => names[service] ?? service)
