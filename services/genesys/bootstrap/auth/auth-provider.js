/** @import { Plugin } from '../platform/plugin-bus.js' */

/**
 * @typedef {object} AuthPayload What the brand's `getAuthCode` and `signIn` resolve with.
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
    return checkPayload('getAuthCode', await this.#ask('getAuthCode'))
  }

  /**
   * The brand signs the person in anew, whatever code it still has.
   * @returns {Promise<{ leaving: boolean, payload?: AuthPayload }>}
   */
  async forceUpdate () {
    const { leaving, answer } = await this.#askAndStay('getAuthCode', { forceUpdate: true })
    return answer === undefined ? { leaving } : { leaving, payload: checkPayload('getAuthCode', answer) }
  }

  /** @returns {Promise<boolean>} False when the page is leaving for it. */
  async reAuthenticate () {
    return !(await this.#askAndStay('reAuthenticate')).leaving
  }

  /** @returns {Promise<unknown>} The payload, unless the brand leaves that to its event `signedIn`. */
  signIn () {
    return this.#ask('signIn')
  }

  /**
   * @param {'getAuthCode' | 'reAuthenticate'} command
   * @param {unknown} [data]
   */
  async #askAndStay (command, data) {
    const listening = new AbortController()
    let leaving = false
    addEventListener('beforeunload', () => { leaving = true }, { signal: listening.signal })
    try {
      const answer = await this.#ask(command, data)
      // A navigation announces itself only after the brand's promise has settled.
      await new Promise((resolve) => { setTimeout(resolve, 100) })
      return { leaving, answer: leaving ? undefined : answer }
    } finally {
      listening.abort()
    }
  }

  /**
   * @param {'getAuthCode' | 'reAuthenticate' | 'signIn'} command
   * @param {unknown} [data]
   */
  async #ask (command, data) {
    try {
      return await this.#plugin.command(`AuthProvider.${command}`, data)
    } catch (reason) {
      throw new Error(reason instanceof Error ? reason.message : String(reason ?? `${command} was rejected`))
    }
  }
}

/**
 * @param {string} source Where the brand gives it.
 * @param {unknown} candidate
 * @returns {AuthPayload}
 */
export function checkPayload (source, candidate) {
  const payload = /** @type {Partial<AuthPayload> & { code?: unknown }} */ (candidate ?? {})
  const { authCode, idToken, redirectUri, nonce, maxAge, codeVerifier, iss } = payload
  if (payload.code && !authCode) throw new Error(`${source} provided the authorization code as code; it must be authCode`)
  if (!redirectUri) throw new Error(`${source} did not provide a redirectUri`)
  if (Boolean(authCode) === Boolean(idToken)) throw new Error(`${source} must provide either an authCode or an idToken`)
  return { authCode, idToken, redirectUri, nonce, maxAge, codeVerifier, iss }
}
