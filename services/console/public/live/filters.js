import { inAddress, keepInAddress } from '../address.js'
import { element, find } from '../elements.js'
import { chosenRealm } from '../realm-chooser.js'

/** @import { Summary } from '../types.js' */

/** Which journeys are listed: what is chosen stands in the address, so that a link shows the same. */
export class Filters {
  #search = find('.filters input', HTMLInputElement)
  #client = find('.filters select[name=client_id]', HTMLSelectElement)
  #user = find('.filters select[name=username]', HTMLSelectElement)

  /** @param {() => void} onChosen */
  constructor (onChosen) {
    for (const field of [this.#search, this.#client, this.#user]) {
      const chosen = inAddress(field.name)
      if (field instanceof HTMLSelectElement && chosen !== '') offer(field, [chosen])
      field.value = chosen
      field.addEventListener('input', () => {
        keepInAddress(field.name, field.value)
        onChosen()
      })
    }
    document.addEventListener('realmchosen', onChosen)
  }

  /**
   * Offer the clients and users that there are.
   * @param {Summary[]} summaries
   */
  offer (summaries) {
    offer(this.#user, summaries.flatMap(({ who }) => who))
    offer(this.#client, summaries.flatMap(({ clients }) => clients))
  }

  /** Whether a journey is to be listed. */
  isMeant = (/** @type {Summary} */ { who, clients, realm, faults, outcome, endpoints }) => {
    if (realm !== chosenRealm()) return false
    if (this.#client.value !== '' && !clients.includes(this.#client.value)) return false
    if (this.#user.value !== '' && !who.includes(this.#user.value)) return false
    const words = this.#search.value.trim().toLowerCase()
    if (words === '') return true
    const text = [...who, ...clients, realm, ...faults, outcome, ...endpoints].join(' ').toLowerCase()
    return words.split(/\s+/).every(word => text.includes(word))
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {string[]} values
 */
function offer (select, values) {
  // The first stands for all of them.
  const [all, ...others] = select.options
  const known = new Set(others.map(({ value }) => value))
  if (!all || values.every(value => known.has(value))) return
  const chosen = select.value
  select.replaceChildren(all, ...[...new Set([...known, ...values])].sort().map(value => element('option', { value }, value)))
  select.value = chosen
}
