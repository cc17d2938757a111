/**
 * What the Messenger redeems for its own tokens (Developer Center, "AuthProvider plugin").
 * @typedef {object} AuthCode
 * @property {string} authCode
 * @property {string} redirectUri
 * @property {string} [nonce]
 * @property {string} [codeVerifier]
 * @property {string} [iss]
 */

/**
 * Asks the server for a code, together with the redirect URI, nonce and code verifier of the request it belongs to.
 * @param {import('./session.js').SignedInSession} session
 * @param {string} returnTo where to come back to when a round trip is needed
 * @returns {Promise<{ code?: AuthCode, location?: string }>} the code, or where to go first to get one
 */
export async function fetchAuthCode ({ csrfToken }, returnTo) {
  const response = await fetch(`/messenger/auth-code?${new URLSearchParams({ return_to: returnTo })}`, {
    method: 'POST',
    headers: { 'csrf-token': csrfToken }
  })
  if (!response.ok && response.status !== 409) throw new Error(`POST /messenger/auth-code was answered with ${response.status}`)
  /** @type {AuthCode & { error?: string, location: string }} */
  const answer = await response.json()
  return answer.error === 'code_required' ? { location: answer.location } : { code: answer }
}
