// Who is signed in, in the header and in the account section.

import { find, showTime } from './elements.js'

const email = find('#email', HTMLElement)
const emailUnverified = find('#email-unverified', HTMLElement)
const expires = find('#expires', HTMLTimeElement)

/**
 * @param {import('./session.js').SignedInSession} session
 * @returns {string} the person's name
 */
export function showAccount ({ user, expiresAt }) {
  const name = displayName(user)
  showName(name)
  email.textContent = user.email ?? 'none given'
  emailUnverified.hidden = user.email_verified !== false
  showTime(expires, expiresAt)
  return name
}

export function clearAccount () {
  showName('')
  email.textContent = ''
}

/** @param {string} name */
function showName (name) {
  for (const element of document.querySelectorAll('[data-person]')) element.textContent = name
}

/** @param {import('./session.js').User} user */
function displayName ({ name, given_name: givenName, preferred_username: username, email, sub }) {
  return [name, givenName, username, email].find((value) => value?.trim()) ?? sub
}
