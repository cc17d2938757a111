import { inAddress, keepInAddress } from './address.js'
import { element, find } from './elements.js'
import { watchRunning } from './running.js'

const select = find('.realm select', HTMLSelectElement)

/** The name of the realm that the page is about; '' for the issuer at the root. `realmchosen` tells the document of another. */
export const chosenRealm = () => inAddress('realm')

/** Whoever goes to another page goes on with the same realm. */
function carryOn () {
  for (const link of document.querySelectorAll('nav a, a.carries-realm')) {
    if (link instanceof HTMLAnchorElement) link.search = chosenRealm() === '' ? '' : `?${new URLSearchParams({ realm: chosenRealm() })}`
  }
}

/** @type {string} */
let offered

/**
 * @param {string[]} there names of realms
 * @param {string[]} past those of realms that are gone
 */
function offer (there, past) {
  const chosen = chosenRealm()
  if (chosen !== '' && !there.includes(chosen) && !past.includes(chosen)) past = [...past, chosen]
  // Not while nothing changes: what is open would close.
  if (offered !== JSON.stringify([there, past])) {
    offered = JSON.stringify([there, past])
    const optionsOf = (/** @type {string[]} */ names) => names.toSorted().map(name => element('option', { value: name }, name))
    select.replaceChildren(/** @type {Node} */ (select.options[0]), ...optionsOf(there))
    if (past.length > 0) select.append(element('optgroup', { label: 'gone' }, ...optionsOf(past)))
  }
  select.value = chosen
}

/**
 * Have the page be about another realm.
 * @param {string} name '' for the issuer at the root
 */
export function chooseRealm (name) {
  if (name === chosenRealm()) return
  keepInAddress('realm', name)
  select.value = name
  carryOn()
  document.dispatchEvent(new CustomEvent('realmchosen', { detail: { realm: chosenRealm() } }))
}

select.addEventListener('change', () => chooseRealm(select.value))
carryOn()
offer([], [])
watchRunning(running => { if (running) offer(running.realms.map(({ name }) => name), running.pastRealms) })
