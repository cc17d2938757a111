import { requestJson, RestError } from '../rest.js'

/** @import { Plugin, PluginContext } from '../types.js' */

/**
 * @typedef {object} AuthPayload What the brand's `getAuthCode` resolves with.
 * @property {string | undefined} [authCode]
 * @property {string | undefined} [idToken]
 * @property {string} redirectUri
 * @property {string | undefined} [nonce]
 * @property {number | undefined} [maxAge]
 * @property {string | undefined} [codeVerifier]
 * @property {string | undefined} [iss]
 *
 * @typedef {{ jwt: string, refreshToken?: string | undefined }} Tokens
 */

const ACCESS_TOKEN = 'gcatkn'
const REFRESH_TOKEN = 'gcartkn'
// The names of these two are not documented; our choice.
const LOGGED_OUT = 'gcalogout'
const RE_AUTHENTICATED = 'gcareauth'
const SIGNED_OUT = { status: 200, statusText: 'OK', data: /** @type {unknown} */ ({}) }

/**
 * The Auth plugin.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/authPlugin
 * @param {PluginContext} context
 */
export function registerAuth (context) {
  const plugin = context.dispatcher.registerPlugin('Auth')
  const auth = new Auth(plugin, context)
  plugin.registerCommand('getTokens', async ({ resolve }) => resolve(await auth.getTokens()))
  plugin.registerCommand('refreshToken', async ({ resolve }) => resolve(await auth.refreshToken()))
  plugin.registerCommand('reAuthenticate', async ({ resolve }) => resolve(await auth.reAuthenticate()))
  plugin.registerCommand('logout', async ({ resolve }) => resolve(await auth.logout()))
  context.storage.onSetElsewhere(LOGGED_OUT, () => auth.loggedOutElsewhere())
  if (context.config.auth?.enabled) plugin.subscribe('AuthProvider.ready', () => auth.start())
  plugin.ready()
  return auth
}

export class Auth {
  #plugin
  #context
  #url
  #generation = 0
  /** @type {Promise<Tokens> | undefined} */
  #getting
  /** @type {Promise<Tokens> | undefined} */
  #refreshing

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   */
  constructor (plugin, context) {
    this.#plugin = plugin
    this.#context = context
    this.#url = `${context.config.apiEndpoint}/api/v2/webdeployments/token`
    // Known before `Auth.ready`: brands read it inside that subscription.
    plugin.data('Auth.authenticated', Boolean(context.config.auth?.enabled && this.jwt))
  }

  get authenticated () {
    return this.#plugin.data('Auth.authenticated') === true
  }

  /** Read from storage each time: another tab may have refreshed it. */
  get jwt () {
    return this.#context.storage.get(ACCESS_TOKEN) ?? undefined
  }

  start () {
    const { jwt } = this
    if (jwt) this.#authenticate({ jwt, refreshToken: this.#refreshToken })
    // The failure is published as an event; an anonymous visitor is no error of this script.
    else this.getTokens().catch(() => {})
  }

  getTokens () {
    this.#getting ??= this.#exchange().finally(() => { this.#getting = undefined })
    return this.#getting
  }

  refreshToken () {
    this.#refreshing ??= this.#refresh().finally(() => { this.#refreshing = undefined })
    return this.#refreshing
  }

  /** Asks the brand to sign the person in again; most leave the page for that, and then there are no tokens to give. */
  async reAuthenticate () {
    const leaving = new AbortController()
    addEventListener('beforeunload', () => leaving.abort(), { signal: leaving.signal })
    await this.#askProvider('reAuthenticate')
    // A navigation announces itself only after the brand's promise has settled.
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    if (leaving.signal.aborted) return
    leaving.abort()
    return await this.getTokens()
  }

  /** The messaging service accepted the identity: the next refusal may ask for a sign-in again. */
  confirm () {
    this.#context.tabStorage.remove(RE_AUTHENTICATED)
  }

  async logout () {
    this.loggedOut(await this.#revoke())
  }

  /** Ends the signed-in state in every tab of this origin; a LogoutEvent on the socket leads here too. */
  loggedOut (answer = SIGNED_OUT) {
    this.#dropTokens()
    this.#context.storage.set(LOGGED_OUT, String(Date.now()))
    this.#forget(answer)
  }

  /** Leaves the stored tokens alone: a tab that wakes up late must not drop those of the next sign-in. */
  loggedOutElsewhere () {
    this.#forget(SIGNED_OUT)
  }

  get #refreshToken () {
    return this.#context.storage.get(REFRESH_TOKEN) ?? undefined
  }

  /** @returns {Promise<Tokens>} */
  async #exchange () {
    const { authCode, ...parameters } = this.#checked(await this.#askProvider('getAuthCode'))
    const generation = this.#generation
    this.#plugin.publish('authenticating', { authCode, redirectUri: parameters.redirectUri })
    const { deploymentId } = this.#context
    const body = { deploymentId, oauth: { ...parameters, code: authCode } }
    /** @type {Tokens} */
    let tokens
    try {
      tokens = await this.#post('oauthcodegrantjwtexchange', body)
    } catch (error) {
      const { details } = /** @type {RestError} */ (error)
      const message = 'Unable to fetch authentication token'
      this.#plugin.publish('authError', { ...details, message })
      this.#plugin.publish('error', details)
      throw new Error(message)
    }
    this.#assertCurrent(generation)
    if (tokens.refreshToken) this.#context.storage.set(REFRESH_TOKEN, tokens.refreshToken)
    else this.#context.storage.remove(REFRESH_TOKEN)
    this.#context.storage.set(ACCESS_TOKEN, tokens.jwt)
    this.#authenticate(tokens)
    return tokens
  }

  /** @returns {Promise<Tokens>} */
  async #refresh () {
    const refreshToken = this.#refreshToken
    if (!refreshToken) return await this.getTokens()
    const generation = this.#generation
    try {
      const jwt = await this.#fetchRefreshed(refreshToken)
      this.#assertCurrent(generation)
      this.#context.storage.set(ACCESS_TOKEN, jwt)
      return { jwt, refreshToken }
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      this.#plugin.publish('tokenError', error.details)
      if (error.status < 400 || error.status >= 500 || error.status === 429) throw error
      this.#dropTokens()
      this.#forget()
      return await this.#reAuthenticateOnce()
    }
  }

  /**
   * Without this brake a backend that refuses every token would send the person to sign in for ever.
   * Not documented; our choice.
   */
  async #reAuthenticateOnce () {
    const { tabStorage } = this.#context
    if (tabStorage.get(RE_AUTHENTICATED)) throw new Error('Sign-in is required')
    tabStorage.set(RE_AUTHENTICATED, 'true')
    const tokens = await this.reAuthenticate()
    if (!tokens) throw new Error('The page is leaving to sign in')
    return tokens
  }

  async #revoke () {
    if (!this.jwt) return SIGNED_OUT
    const url = `${this.#url}/revoke`
    try {
      try {
        return await requestJson('DELETE', url, { jwt: this.jwt })
      } catch (error) {
        // An expired JWT cannot revoke the refresh token that outlives it.
        const refreshToken = this.#refreshToken
        if (!(error instanceof RestError) || error.status !== 401 || !refreshToken) throw error
        return await requestJson('DELETE', url, { jwt: await this.#fetchRefreshed(refreshToken) })
      }
    } catch (error) {
      const { details, status, statusText, data } = /** @type {RestError} */ (error)
      this.#plugin.publish('logoutError', details)
      return { status, statusText, data }
    }
  }

  /** @param {string} refreshToken */
  async #fetchRefreshed (refreshToken) {
    const { jwt } = await this.#post('refresh', { refreshToken, deploymentId: this.#context.deploymentId })
    return jwt
  }

  /**
   * @param {string} path
   * @param {unknown} body
   */
  async #post (path, body) {
    const { data } = await requestJson('POST', `${this.#url}/${path}`, { body })
    const tokens = /** @type {Tokens | undefined} */ (data)
    if (!tokens?.jwt) throw new RestError(0, 'The answer carries no token', undefined)
    return tokens
  }

  /** @param {'getAuthCode' | 'reAuthenticate'} command */
  async #askProvider (command) {
    try {
      return await this.#plugin.command(`AuthProvider.${command}`)
    } catch (reason) {
      this.#failProvider(reason instanceof Error ? reason.message : String(reason ?? `${command} was rejected`))
    }
  }

  /** @param {unknown} payload */
  #checked (payload) {
    const candidate = /** @type {Partial<AuthPayload>} */ (payload ?? {})
    const { authCode, idToken, redirectUri, nonce, maxAge, codeVerifier, iss } = candidate
    if (!redirectUri) this.#failProvider('getAuthCode did not provide a redirectUri')
    if (Boolean(authCode) === Boolean(idToken)) this.#failProvider('getAuthCode must provide either an authCode or an idToken')
    return { authCode, idToken, redirectUri, nonce, maxAge, codeVerifier, iss }
  }

  /**
   * @param {string} message
   * @returns {never}
   */
  #failProvider (message) {
    this.#plugin.publish('authProviderError', { message })
    throw new Error(message)
  }

  /** @param {Tokens} tokens */
  #authenticate (tokens) {
    this.#plugin.data('Auth.authenticated', true)
    this.#plugin.publish('authenticated', tokens)
  }

  #dropTokens () {
    this.#context.storage.remove(ACCESS_TOKEN)
    this.#context.storage.remove(REFRESH_TOKEN)
  }

  /** @param {typeof SIGNED_OUT} [answer] Given when the person has signed out. */
  #forget (answer) {
    const wasAuthenticated = this.authenticated
    this.#generation++
    this.#plugin.data('Auth.authenticated', false)
    if (answer && wasAuthenticated) this.#plugin.publish('loggedOut', answer)
  }

  /**
   * Tokens that arrive after a logout belong to nobody.
   * @param {number} generation
   */
  #assertCurrent (generation) {
    if (generation !== this.#generation) throw new Error('Signed out meanwhile')
  }
}
