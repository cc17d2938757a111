// Goes to the application by its own name, if this browser finds it, and says what helps where it does not.

import { addressOf } from './addresses.js'

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id))

const destination = new URL(/** @type {HTMLAnchorElement} */ (element('destination')).href)
destination.hash = location.hash

fetch(new URL(addressOf('reachable'), destination), { mode: 'no-cors', signal: AbortSignal.timeout(5_000) }).then(
  () => location.replace(destination),
  () => {
    element('ahead').hidden = true
    element('help').hidden = false
  }
)
