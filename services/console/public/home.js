import { People } from './home/people.js'
import { putBack } from './home/put-back.js'
import { Services } from './home/services.js'
import { SwitchedOn } from './home/switched-on.js'
import { chosenRealm } from './realm-chooser.js'
import { watchRunning } from './running.js'

/** @import { Running } from './running.js' */

const services = new Services()
const people = new People()
const switchedOn = new SwitchedOn()

/** What is shown, by what it depends on. */
let shown = ''
/** @type {Running | undefined} */
let running

async function show () {
  services.show(running)
  const realm = chosenRealm()
  const now = JSON.stringify([realm, running?.version, running?.services])
  if (!running || now === shown) return
  shown = now
  try {
    const isThere = running.services['idp'] === true && (realm === '' || running.realms.some(({ name }) => name === realm))
    const control = isThere ? await read(realm) : undefined
    // Meanwhile another realm may have been chosen.
    if (shown !== now) return
    people.show(realm, running, control)
    switchedOn.show(running, control)
  } catch (error) {
    shown = ''
    people.fail(error)
  }
}

/**
 * What the control API says of a realm; nothing where it has been removed meanwhile.
 * @param {string} realm
 */
async function read (realm) {
  const base = realm === '' ? 'lab' : `realms/${encodeURIComponent(realm)}/lab`
  const responses = await Promise.all(['users', 'clients', 'faults/active', 'clock'].map(path => fetch(`${base}/${path}`)))
  if (responses.some(({ status }) => status === 404)) return undefined
  if (!responses.every(({ ok }) => ok)) throw new Error('The identity provider does not answer.')
  const [{ users }, { clients }, { active }, { offsetSeconds }] = await Promise.all(responses.map(response => response.json()))
  return { users, clients, active, offsetSeconds }
}

watchRunning(latest => {
  running = latest
  show()
})
document.addEventListener('realmchosen', show)
putBack()
