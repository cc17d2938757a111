// The account section's list of the browsers in which the person is signed in.

import { addressOf } from './addresses.js'
import { describeDevice } from './device.js'
import { announce, find, showTime } from './elements.js'

/**
 * @typedef {object} ListedSession
 * @property {string} handle names the session, and opens nothing
 * @property {boolean} current
 * @property {string} device the browser's User-Agent
 * @property {string} startedAt
 * @property {string} lastUsedAt
 */

const heading = find('#session-list-heading', HTMLElement)
const list = find('#session-list', HTMLUListElement)
const problem = find('#session-list-problem', HTMLElement)
const template = find('#listed-session', HTMLTemplateElement)

/** Only the answer to the last question is shown. */
let asked = 0

/**
 * Shows the sessions that there are now. Those shown before stay until then.
 * @param {{ csrfToken: string }} session
 */
export async function showSessionList ({ csrfToken }) {
  const turn = ++asked
  const sessions = await fetchSessions()
  if (turn !== asked) return
  problem.textContent = sessions ? '' : 'We could not load this list.'
  if (sessions) list.replaceChildren(...sessions.toSorted(compare).map((session) => rowOf(session, csrfToken)))
  else if (list.classList.contains('waiting')) list.replaceChildren()
  list.classList.remove('waiting')
}

/** Takes the place of a list that is still to come, so that the page does not jump when it does. */
export function prepareSessionList () {
  asked++
  problem.textContent = ''
  list.classList.add('waiting')
  const now = new Date().toISOString()
  const thisOne = { handle: '', current: true, device: navigator.userAgent, startedAt: now, lastUsedAt: now }
  list.replaceChildren(rowOf(thisOne, ''))
}

/** @returns {Promise<ListedSession[] | undefined>} */
async function fetchSessions () {
  try {
    const response = await fetch(addressOf('sessions'), { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
    return response.ok ? (await response.json()).sessions : undefined
  } catch {
    return undefined
  }
}

/**
 * This browser first, then those last used.
 * @param {ListedSession} a
 * @param {ListedSession} b
 */
function compare (a, b) {
  return Number(b.current) - Number(a.current) || Date.parse(b.lastUsedAt) - Date.parse(a.lastUsedAt)
}

/**
 * @param {ListedSession} session
 * @param {string} csrfToken
 */
function rowOf ({ handle, current, device, startedAt, lastUsedAt }, csrfToken) {
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true))
  const name = describeDevice(device)
  const started = find('[data-started]', HTMLTimeElement, row)
  find('[data-device]', HTMLElement, row).textContent = name
  find('[data-current]', HTMLElement, row).hidden = !current
  showTime(started, startedAt)
  showTime(find('[data-last-used]', HTMLTimeElement, row), lastUsedAt)

  const button = find('button', HTMLButtonElement, row)
  button.hidden = current
  // Two browsers can be of the same name.
  find('[data-which]', HTMLElement, button).textContent = ` of ${name}, since ${started.textContent}`
  button.addEventListener('click', () => end({ handle, name, csrfToken, button }))
  return row
}

/** @param {{ handle: string, name: string, csrfToken: string, button: HTMLButtonElement }} row */
async function end ({ handle, name, csrfToken, button }) {
  button.disabled = true
  if (await hasEnded(handle, csrfToken)) {
    announce(`Session ended: ${name}`)
    // The button that has the focus is about to go.
    heading.focus()
    await showSessionList({ csrfToken })
  } else {
    button.disabled = false
    problem.textContent = `We could not end the session of ${name}.`
  }
}

/**
 * @param {string} handle
 * @param {string} csrfToken
 */
async function hasEnded (handle, csrfToken) {
  try {
    const response = await fetch(addressOf(`sessions/${encodeURIComponent(handle)}/end`), {
      method: 'POST',
      headers: { 'csrf-token': csrfToken }
    })
    // Not found: it has ended meanwhile.
    return response.ok || response.status === 404
  } catch {
    return false
  }
}
