// Signing out, in this browser or everywhere: the Messenger first, then the whole page goes by way of the server.

import { addressOf } from './addresses.js'
import { find } from './elements.js'
import { logOutMessenger } from './messenger.js'

const forms = ['#sign-out', '#sign-out-everywhere'].map((selector) => find(selector, HTMLFormElement))

for (const form of forms) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    setDisabled(true)
    await logOutMessenger()
    location.assign(await signOut(form).catch(() => addressOf('.')))
  })
}

/**
 * Ends the session. The server says where to go, so that the way through the provider is no form's.
 * @param {HTMLFormElement} form
 * @returns {Promise<string>}
 */
async function signOut (form) {
  const csrfToken = find('[name=_csrf]', HTMLInputElement, form).value
  const response = await fetch(form.action, { method: 'POST', headers: { accept: 'application/json', 'csrf-token': csrfToken } })
  if (!response.ok) throw new Error(`POST ${form.action} was answered with ${response.status}`)
  return (await response.json()).location
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
