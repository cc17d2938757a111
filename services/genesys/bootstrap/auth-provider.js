/** @import { Plugin } from './types.js' */

/**
 * @typedef {object} AuthPayload What the brand's `getAuthCode` resolves with.
 * @property {string | undefined} [authCode]
 * @property {string | undefined} [idToken]
 * @property {string} redirectUri
 * @property {string | undefined} [nonce]
 * @property {number | undefined} [maxAge]
 * @property {string | undefined} [codeVerifier]
 * @property {string | undefined} [iss]
 */

/**
 * The plugin with which the brand's page signs people in.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/authProviderPlugin
 */
export class AuthProvider {
  #plugin

  /** @param {Plugin} plugin */
  constructor (plugin) {
    this.#plugin = plugin
  }

  async getAuthCode () {
    const candidate = /** @type {Partial<AuthPayload>} */ (await this.#ask('getAuthCode') ?? {})
    const { authCode, idToken, redirectUri, nonce, maxAge, codeVerifier, iss } = candidate
    if (!redirectUri) throw new Error('getAuthCode did not provide a redirectUri')
    if (Boolean(authCode) === Boolean(idToken)) throw new Error('getAuthCode must provide either an authCode or an idToken')
    return { authCode, idToken, redirectUri, nonce, maxAge, codeVerifier, iss }
  }

  /** @returns {Promise<boolean>} False when the page is leaving for it. */
  async reAuthenticate () {
    const leaving = new AbortController()
    addEventListener('beforeunload', () => leaving.abort(), { signal: leaving.signal })
    await this.#ask('reAuthenticate')
    // A navigation announces itself only after the brand's promise has settled.
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    if (leaving.signal.aborted) return false
    leaving.abort()
    return true
  }

  /** @param {'getAuthCode' | 'reAuthenticate'} command */
  async #ask (command) {
    try {
      return await this.#plugin.command(`AuthProvider.${command}`)
    } catch (reason) {
      throw new Error(reason instanceof Error ? reason.message : String(reason ?? `${command} was rejected`))
    }
  }
}
