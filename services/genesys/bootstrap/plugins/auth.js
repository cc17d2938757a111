import { AuthProvider } from '../auth-provider.js'
import { RestError } from '../rest.js'
import { TokenEndpoint } from '../token-endpoint.js'

/** @import { Tokens } from '../token-endpoint.js' */
/** @import { Plugin, PluginContext } from '../types.js' */

const ACCESS_TOKEN = 'gcatkn'
const REFRESH_TOKEN = 'gcartkn'
// The names of these three are not documented; our choice.
const SIGN_IN = 'gcasignin'
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
  // A page that the browser had put away for the back button has missed that.
  addEventListener('pageshow', () => auth.loggedOutElsewhere())
  if (context.config.auth?.enabled) plugin.subscribe('AuthProvider.ready', () => auth.start())
  plugin.ready()
  return auth
}

export class Auth {
  #plugin
  #context
  #provider
  #endpoint
  /** The sign-in that this page's tokens are of, by a name that all tabs share. */
  #signIn
  /** The last sign-out that this page has taken note of. */
  #signOut
  /** @type {Map<string, Promise<Tokens>>} */
  #pending = new Map()
  /**
   * Called at once and not a moment later as an event: nothing may come in for the person in between.
   * @type {(where: { elsewhere: boolean }) => void}
   */
  onSignedOut = () => {}

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   */
  constructor (plugin, context) {
    this.#plugin = plugin
    this.#context = context
    this.#provider = new AuthProvider(plugin)
    this.#endpoint = new TokenEndpoint(context)
    this.#signIn = this.#storedSignIn
    this.#signOut = this.#lastSignOut
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
    return this.#share('getTokens', () => this.#exchange())
  }

  refreshToken () {
    return this.#share('refreshToken', () => this.#refresh())
  }

  /** Asks the brand to sign the person in again; most leave the page for that, and then there are no tokens to give. */
  async reAuthenticate () {
    const stays = await this.#ask(() => this.#provider.reAuthenticate())
    return stays ? await this.getTokens() : undefined
  }

  /** The messaging service accepted the identity: the next refusal may ask for a sign-in again. */
  confirm () {
    this.#signIn = this.#storedSignIn
    this.#context.tabStorage.remove(RE_AUTHENTICATED)
  }

  async logout () {
    const signOut = this.#lastSignOut
    this.#signIn = this.#storedSignIn
    const answer = await this.#revoke()
    // The LogoutEvent or another tab may have been first; what is there by now can belong to the next sign-in.
    if (signOut === this.#lastSignOut) this.loggedOut(answer)
  }

  /** Ends the signed-in state in every tab of this origin; a LogoutEvent on the socket leads here too. */
  loggedOut (answer = SIGNED_OUT) {
    const elsewhere = this.#signOut !== this.#lastSignOut
    if (!elsewhere) {
      if (this.#signIn === this.#storedSignIn) this.#dropTokens()
      this.#context.storage.set(LOGGED_OUT, this.#signIn ?? crypto.randomUUID())
    }
    this.#end(answer, { elsewhere })
  }

  /** Leaves the stored tokens alone: a tab that wakes up late must not drop those of the next sign-in. */
  loggedOutElsewhere () {
    if (this.#signOut !== this.#lastSignOut) this.#end(SIGNED_OUT, { elsewhere: true })
  }

  get #refreshToken () {
    return this.#context.storage.get(REFRESH_TOKEN) ?? undefined
  }

  get #storedSignIn () {
    return this.#context.storage.get(SIGN_IN)
  }

  /**
   * Names the sign-in that has ended last, whichever tab it ended in. Several tabs hear of one sign-out in their own
   * time, and the last of them must not look like another sign-out to a tab where the next person signs in already.
   */
  get #lastSignOut () {
    return this.#context.storage.get(LOGGED_OUT)
  }

  /** @returns {Promise<Tokens>} */
  async #exchange () {
    const signOut = this.#lastSignOut
    const payload = await this.#ask(() => this.#provider.getAuthCode())
    this.#plugin.publish('authenticating', { authCode: payload.authCode, redirectUri: payload.redirectUri })
    /** @type {Tokens} */
    let tokens
    try {
      tokens = await this.#endpoint.exchange(payload)
    } catch (error) {
      this.#assertSince(signOut)
      const { details } = /** @type {RestError} */ (error)
      const message = 'Unable to fetch authentication token'
      this.#plugin.publish('authError', { ...details, message })
      this.#plugin.publish('error', details)
      throw new Error(message)
    }
    this.#assertSince(signOut)
    if (tokens.refreshToken) this.#context.storage.set(REFRESH_TOKEN, tokens.refreshToken)
    else this.#context.storage.remove(REFRESH_TOKEN)
    this.#context.storage.set(SIGN_IN, crypto.randomUUID())
    this.#context.storage.set(ACCESS_TOKEN, tokens.jwt)
    this.#authenticate(tokens)
    return tokens
  }

  /** @returns {Promise<Tokens>} */
  async #refresh () {
    const refreshToken = this.#refreshToken
    if (!refreshToken) return await this.getTokens()
    const signOut = this.#lastSignOut
    try {
      const jwt = await this.#endpoint.refresh(refreshToken)
      this.#assertSince(signOut)
      this.#context.storage.set(ACCESS_TOKEN, jwt)
      return { jwt, refreshToken }
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      this.#assertSince(signOut)
      this.#plugin.publish('tokenError', error.details)
      if (error.status < 400 || error.status >= 500 || error.status === 429) throw error
      // Another tab may have signed in anew meanwhile.
      if (refreshToken !== this.#refreshToken) return await this.#refresh()
      this.#dropTokens()
      this.#plugin.data('Auth.authenticated', false)
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
    const { jwt } = this
    if (!jwt) return SIGNED_OUT
    try {
      return await this.#endpoint.revoke(jwt, this.#refreshToken)
    } catch (error) {
      const { details, status, statusText, data } = /** @type {RestError} */ (error)
      this.#plugin.publish('logoutError', details)
      return { status, statusText, data }
    }
  }

  /**
   * @template Answer
   * @param {() => Promise<Answer>} question
   */
  async #ask (question) {
    const signOut = this.#lastSignOut
    const [answer] = await Promise.allSettled([question()])
    this.#assertSince(signOut)
    if (answer.status === 'fulfilled') return answer.value
    this.#plugin.publish('authProviderError', { message: answer.reason.message })
    throw answer.reason
  }

  /** @param {Tokens} tokens */
  #authenticate (tokens) {
    this.#signIn = this.#storedSignIn
    this.#plugin.data('Auth.authenticated', true)
    this.#plugin.publish('authenticated', tokens)
  }

  #dropTokens () {
    this.#context.storage.remove(ACCESS_TOKEN)
    this.#context.storage.remove(REFRESH_TOKEN)
    this.#context.storage.remove(SIGN_IN)
  }

  /**
   * @param {typeof SIGNED_OUT} answer
   * @param {{ elsewhere: boolean }} where
   */
  #end (answer, where) {
    // Who watches a sign-in under way has to hear as well that it comes to nothing.
    const news = this.authenticated || this.#pending.size > 0
    this.#signIn = null
    this.#signOut = this.#lastSignOut
    this.#pending = new Map()
    this.#plugin.data('Auth.authenticated', false)
    this.onSignedOut(where)
    if (news) this.#plugin.publish('loggedOut', answer)
  }

  /**
   * Calls while one is under way share its outcome, except that nobody shares one from before a sign-out.
   * @param {string} command
   * @param {() => Promise<Tokens>} run
   */
  #share (command, run) {
    const pending = this.#pending
    const tokens = pending.get(command) ?? run().finally(() => pending.delete(command))
    pending.set(command, tokens)
    return tokens
  }

  /**
   * What arrives after a sign-out belongs to nobody.
   * @param {string | null} signOut
   */
  #assertSince (signOut) {
    if (signOut !== this.#lastSignOut) throw new Error('Signed out meanwhile')
  }
}
