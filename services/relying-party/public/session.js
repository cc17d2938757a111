// Who is signed in. The session is an HttpOnly cookie that only the server can read; this page never holds a token.

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
  const response = await fetch('/session', { cache: 'no-store', signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`GET /session was answered with ${response.status}`)
  return await response.json()
}

/** Where to sign in and come back to this page from. */
export function signInUrl () {
  return `/login?${new URLSearchParams({ return_to: location.pathname + location.search })}`
}
