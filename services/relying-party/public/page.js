// The brand's page: shows who is signed in and lets them sign in and out.
// The session is an HttpOnly cookie that only the server can read; this page never holds a token.

import { checkOwner, logOutMessenger, startMessenger } from './messenger.js'

/**
 * Claims about the person, as OpenID Connect Core 1.0, section 5.1, names them. Providers may leave any of them out.
 * @typedef {object} User
 * @property {string} sub
 * @property {string} [name]
 * @property {string} [given_name]
 * @property {string} [preferred_username]
 * @property {string} [email]
 * @property {boolean} [email_verified]
 */

/**
 * @typedef {{ authenticated: false }
 *   | { authenticated: true, user: User, expiresAt: string, csrfToken: string }} Session
 */

const announcement = find('#announcement', HTMLElement)
const chatNote = find('#chat-note', HTMLElement)
const email = find('#email', HTMLElement)
const emailUnverified = find('#email-unverified', HTMLElement)
const expires = find('#expires', HTMLTimeElement)
const signIn = find('#sign-in', HTMLAnchorElement)
const signOut = find('#sign-out', HTMLFormElement)
const signOutButton = find('#sign-out button', HTMLButtonElement)
const csrfField = find('#sign-out [name=_csrf]', HTMLInputElement)
const tryAgain = find('#try-again', HTMLButtonElement)

const dateFormat = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })

signIn.href = `/login?${new URLSearchParams({ return_to: location.pathname + location.search })}`

signOut.addEventListener('submit', async (event) => {
  event.preventDefault()
  signOutButton.disabled = true
  await logOutMessenger()
  signOut.submit()
})

tryAgain.addEventListener('click', async () => {
  announce('Trying again…')
  await update()
  if (tryAgain.closest('[hidden]')) find('main', HTMLElement).focus()
})

// Meanwhile somebody may have signed in or out in another tab.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') update()
})

// "Back" after signing out must not bring a frozen copy of the signed-in page to life.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

await update()

async function update () {
  try {
    const session = await loadSession()
    await startMessenger({ session, loadSession, onAvailability: showChatAvailability })
    await checkOwner(session)
  } catch {
    // loadSession has said so on the page already.
  }
}

/** Asks the server who is signed in and shows the answer. */
async function loadSession () {
  try {
    const response = await fetch('/session', { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
    if (!response.ok) throw new Error(`GET /session was answered with ${response.status}`)
    /** @type {Session} */
    const session = await response.json()
    showSession(session)
    return session
  } catch (error) {
    showState('unknown')
    announce('We could not load your account.')
    throw error
  }
}

/** @param {Session} session */
function showSession (session) {
  if (session.authenticated) {
    const { user, expiresAt, csrfToken } = session
    const name = displayName(user)
    for (const element of document.querySelectorAll('[data-person]')) element.textContent = name
    email.textContent = user.email ?? 'none given'
    emailUnverified.hidden = user.email_verified !== false
    expires.dateTime = expiresAt
    expires.textContent = dateFormat.format(new Date(expiresAt))
    csrfField.value = csrfToken
    signOutButton.disabled = false
    showState('signed-in')
    announce(`Signed in as ${name}`)
  } else {
    for (const element of document.querySelectorAll('[data-person]')) element.textContent = ''
    email.textContent = ''
    csrfField.value = ''
    showState('signed-out')
    announce('You are signed out')
  }
}

/** @param {User} user */
function displayName ({ name, given_name: givenName, preferred_username: username, email, sub }) {
  return [name, givenName, username, email].find((value) => value?.trim()) ?? sub
}

/** @param {'signed-in' | 'signed-out' | 'unknown'} state */
function showState (state) {
  for (const element of document.querySelectorAll('[data-when]')) {
    element.toggleAttribute('hidden', element.getAttribute('data-when') !== state)
  }
}

/** @param {boolean} available */
function showChatAvailability (available) {
  chatNote.textContent = available ? '' : 'Chat is not available right now.'
}

/** @param {string} text */
function announce (text) {
  // Writing the same text again would be read out again.
  if (announcement.textContent !== text) announcement.textContent = text
}

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} Type
 */
function find (selector, Type) {
  const element = document.querySelector(selector)
  if (!(element instanceof Type)) throw new Error(`The page has no ${selector}`)
  return element
}
