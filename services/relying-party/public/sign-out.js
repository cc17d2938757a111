// Signing out, in this browser or everywhere: the Messenger first, then the whole page goes by way of the server.

import { find } from './elements.js'
import { logOutMessenger } from './messenger.js'

const forms = ['#sign-out', '#sign-out-everywhere'].map((selector) => find(selector, HTMLFormElement))

for (const form of forms) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    setDisabled(true)
    await logOutMessenger()
    form.submit()
  })
}

/** @param {string} csrfToken */
export function allowSignOut (csrfToken) {
  for (const form of forms) find('[name=_csrf]', HTMLInputElement, form).value = csrfToken
  setDisabled(csrfToken === '')
}

/** @param {boolean} disabled */
function setDisabled (disabled) {
  for (const form of forms) find('button', HTMLButtonElement, form).disabled = disabled
}
