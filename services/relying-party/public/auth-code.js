import { addressOf } from './addresses.js'

/**
 * What the Messenger redeems for its own tokens (Developer Center, "AuthProvider plugin").
 * @typedef {object} AuthCode
 * @property {string} authCode
 * @property {string} redirectUri
 * @property {string} [nonce]
 * @property {string} [codeVerifier]
 * @property {string} [iss]
 */

/** There is no code, and to ask for one again at once would be of no use. */
export class CodeRefused extends Error {
  /** @param {string} reason an error code */
  constructor (reason) {
    super(`There is no code for the Messenger: ${reason}`)
    this.reason = reason
  }
}

/**
 * Asks the server for a code, together with the redirect URI, nonce and code verifier of the request it belongs to.
 * @param {import('./session.js').SignedInSession} session
 * @param {string} returnTo where to come back to when a round trip is needed
 * @throws {CodeRefused} when the identity provider gave none a moment ago
 * @returns {Promise<{ code?: AuthCode, location?: string }>} the code, or where to go first to get one
 */
export async function fetchAuthCode ({ csrfToken }, returnTo) {
  const response = await fetch(`${addressOf('messenger/auth-code')}?${new URLSearchParams({ return_to: returnTo })}`, {
    method: 'POST',
    headers: { 'csrf-token': csrfToken }
  })
  if (!response.ok && response.status !== 409) throw new Error(`POST /messenger/auth-code was answered with ${response.status}`)
  /** @type {AuthCode & { error?: string, location: string, reason: string }} */
  const answer = await response.json()
  if (answer.error === 'code_refused') throw new CodeRefused(answer.reason)
  return answer.error === 'code_required' ? { location: answer.location } : { code: answer }
}
