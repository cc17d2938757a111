// Who is signed in. The session is an HttpOnly cookie that only the server can read; this page never holds a token.

import { addressOf, currentPlace } from './addresses.js'

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

/** @typedef {{ authenticated: true, user: User, expiresAt: string, csrfToken: string }} SignedInSession */

/**
 * @typedef {object} SignedOutSession
 * @property {false} authenticated
 * @property {{ reason: string }} [ended] why this browser's last session has ended, unless the person has signed out here
 */

/** @typedef {SignedInSession | SignedOutSession} Session */

/** @returns {Promise<Session>} */
export async function fetchSession () {
  const response = await fetch(addressOf('session'), { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`GET /session was answered with ${response.status}`)
  return await response.json()
}

/**
 * Where to sign in.
 * @param {string} returnTo where to come back to, this page where not said
 */
export function signInUrl (returnTo = currentPlace()) {
  return `${addressOf('login')}?${new URLSearchParams({ return_to: returnTo })}`
}

/**
 * Has a link lead to the sign-in, and back to where the person is on this page by then.
 * @param {HTMLAnchorElement} link
 */
export function leadToSignIn (link) {
  const update = () => { link.href = signInUrl() }
  update()
  addEventListener('hashchange', update)
}
