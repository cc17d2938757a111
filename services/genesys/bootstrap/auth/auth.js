import { RestError } from '../platform/rest-api.js'
import { AuthProvider } from './auth-provider.js'
import { JwtRenewal } from './jwt-renewal.js'
import { StoredTokens } from './stored-tokens.js'
import { TokenEndpoint } from './token-endpoint.js'

/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { AuthPayload } from './auth-provider.js' */
/** @import { Tokens } from './token-endpoint.js' */

const RE_AUTHENTICATED = 'gcareauth'
const SIGNED_OUT = { status: 200, statusText: 'OK', data: /** @type {unknown} */ ({}) }

/** Who has signed in, in all tabs of this browser. */
export class Auth {
  #plugin
  #context
  #provider
  #endpoint
  #stored
  #renewal
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
    this.#stored = new StoredTokens(context.storage)
    this.#renewal = new JwtRenewal(this.#stored, this.#endpoint)
    this.#signOut = this.#stored.lastSignOut
    this.#stored.onSignedOutElsewhere(() => this.#loggedOutElsewhere())
    // Known before `Auth.ready`: brands read it inside that subscription.
    plugin.data('Auth.authenticated', Boolean(context.config.auth?.enabled && this.jwt))
  }

  get authenticated () {
    return this.#plugin.data('Auth.authenticated') === true
  }

  /** Guests have to sign in before they write. */
  get required () {
    const { auth } = this.#context.config
    return auth?.enabled === true && auth.allowSessionUpgrade !== true
  }

  /** Guests may sign in while they write. */
  get optional () {
    const { auth } = this.#context.config
    return auth?.enabled === true && auth.allowSessionUpgrade === true
  }

  /** The conversation is to be in the name of the person. */
  get identified () {
    return this.required || (this.optional && this.authenticated)
  }

  get jwt () {
    return this.#stored.jwt
  }

  start () {
    this.#stored.onStoredElsewhere(() => this.#signedInElsewhere())
    const { jwt, refreshToken } = this.#stored
    if (jwt) this.#authenticate({ jwt, refreshToken })
    // The failure is published as an event; an anonymous visitor is no error of this script.
    else this.getTokens().catch(() => {})
  }

  /** Once what is under way has an outcome, whichever. */
  async settled () {
    await Promise.allSettled(this.#pending.values())
  }

  getTokens () {
    return this.#share('getTokens', async () => await this.redeem(await this.ask(() => this.#provider.getAuthCode())))
  }

  /** As `getTokens`, after the brand has signed the person in anew. */
  forceUpdate () {
    return this.#share('forceUpdate', async () => {
      const { leaving, payload } = await this.ask(() => this.#provider.forceUpdate())
      if (leaving) throw new Error('The page is leaving to sign in')
      return await (payload ? this.redeem(payload) : this.getTokens())
    })
  }

  /** Used in the wild and not documented: it gives the tokens that are there. */
  async authenticate () {
    const { jwt, refreshToken } = this.#stored
    return this.authenticated && jwt ? { jwt, refreshToken } : await this.getTokens()
  }

  refreshToken () {
    return this.#share('refreshToken', () => this.#refresh())
  }

  /** Asks the brand to sign the person in again; most leave the page for that, and then there are no tokens to give. */
  async reAuthenticate () {
    const stays = await this.ask(() => this.#provider.reAuthenticate())
    return stays ? await this.getTokens() : undefined
  }

  /**
   * Exchanges what the brand has got from its identity provider for tokens of the messaging service.
   * @param {AuthPayload} payload
   * @returns {Promise<Tokens>}
   */
  async redeem (payload) {
    const signOut = this.#stored.lastSignOut
    this.#plugin.publish('authenticating', { authCode: payload.authCode, redirectUri: payload.redirectUri })
    /** @type {Tokens} */
    let tokens
    try {
      tokens = await this.#endpoint.exchange(payload)
    } catch (error) {
      this.#stored.assertSince(signOut)
      const { details } = /** @type {RestError} */ (error)
      const message = 'Unable to fetch authentication token'
      this.#plugin.publish('authError', { ...details, message })
      this.#plugin.publish('error', details)
      throw new Error(message)
    }
    this.#stored.assertSince(signOut)
    this.#stored.store(tokens)
    this.#authenticate(tokens)
    return tokens
  }

  /**
   * Asks the brand; its failure is published.
   * @template Answer
   * @param {() => Promise<Answer>} question
   */
  async ask (question) {
    const signOut = this.#stored.lastSignOut
    const [answer] = await Promise.allSettled([question()])
    this.#stored.assertSince(signOut)
    if (answer.status === 'fulfilled') return answer.value
    this.#plugin.publish('authProviderError', { message: answer.reason.message })
    throw answer.reason
  }

  /**
   * Takes note of a sign-in in another tab that this one has not been told of yet.
   * @returns {boolean} Whether there was one.
   */
  adopt () {
    if (!this.optional || this.authenticated || !this.jwt) return false
    this.#signedInElsewhere()
    return true
  }

  /** The messaging service accepted the identity: the next refusal may ask for a sign-in again. */
  confirm () {
    this.#context.tabStorage.remove(RE_AUTHENTICATED)
  }

  async logout () {
    const signOut = this.#signOut
    if (signOut !== this.#stored.lastSignOut) return this.#loggedOutElsewhere()
    // Whoever is not signed in goes on with the conversation that they have.
    if (!this.jwt && !this.authenticated && this.#pending.size === 0) return
    // A page that learns of another person logs out, in each tab of this browser: the first revokes the tokens of all.
    const isFirst = await this.#stored.takeSignOut()
    if (!isFirst) await this.#stored.signedOutSince(signOut)
    if (signOut !== this.#stored.lastSignOut) return this.#loggedOutElsewhere()
    const answer = isFirst ? await this.#revoke() : SIGNED_OUT
    // The LogoutEvent or another tab may have been first; what is there by now can belong to the next sign-in.
    if (signOut === this.#stored.lastSignOut) this.loggedOut(answer)
  }

  /** Ends the signed-in state in every tab of this origin; a LogoutEvent on the socket leads here too. */
  loggedOut (answer = SIGNED_OUT) {
    const elsewhere = this.#signOut !== this.#stored.lastSignOut
    if (!elsewhere) this.#stored.noteSignOut()
    this.#end(answer, { elsewhere })
  }

  /** Nothing goes on here any more. */
  shutDown () {
    this.#renewal.stop()
    this.#plugin.data('Auth.authenticated', false)
  }

  /** Leaves the stored tokens alone: a tab that wakes up late must not drop those of the next sign-in. */
  #loggedOutElsewhere () {
    if (this.#signOut !== this.#stored.lastSignOut) this.#end(SIGNED_OUT, { elsewhere: true })
  }

  #signedInElsewhere () {
    const { jwt, refreshToken } = this.#stored
    if (jwt && !this.authenticated) this.#authenticate({ jwt, refreshToken })
  }

  /** @returns {Promise<Tokens>} */
  async #refresh () {
    const { refreshToken, lastSignOut } = this.#stored
    if (!refreshToken) return await this.getTokens()
    try {
      return await this.#renewal.renew(refreshToken)
    } catch (error) {
      if (!(error instanceof RestError)) throw error
      this.#stored.assertSince(lastSignOut)
      this.#plugin.publish('tokenError', error.details)
      if (error.status < 400 || error.status >= 500 || error.status === 429) throw error
      // Another tab may have signed in anew meanwhile.
      if (refreshToken !== this.#stored.refreshToken) return await this.#refresh()
      this.#stored.drop()
      this.#renewal.stop()
      this.#plugin.data('Auth.authenticated', false)
      return await this.#reAuthenticateOnce()
    }
  }

  /**
   * Circuit breaker: without it a backend that refuses every token would send the person to sign in for ever.
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
    const { jwt, refreshToken } = this.#stored
    if (!jwt) return SIGNED_OUT
    try {
      return await this.#endpoint.revoke(jwt, refreshToken)
    } catch (error) {
      const { details, status, statusText, data } = /** @type {RestError} */ (error)
      this.#plugin.publish('logoutError', details)
      return { status, statusText, data }
    }
  }

  /** @param {Tokens} tokens */
  #authenticate (tokens) {
    this.#plugin.data('Auth.authenticated', true)
    this.#plugin.publish('authenticated', tokens)
    this.#renewal.keepFresh()
  }

  /**
   * @param {typeof SIGNED_OUT} answer
   * @param {{ elsewhere: boolean }} where
   */
  #end (answer, where) {
    // Who watches a sign-in under way has to hear as well that it comes to nothing.
    const news = this.authenticated || this.#pending.size > 0
    this.#signOut = this.#stored.lastSignOut
    this.#pending = new Map()
    this.#renewal.stop()
    this.#plugin.data('Auth.authenticated', false)
    this.onSignedOut(where)
    if (news) this.#plugin.publish('loggedOut', answer)
  }

  /**
   * Single flight: calls while one is under way share its outcome, except that nobody shares one from before a sign-out.
   * @param {string} command
   * @param {() => Promise<Tokens>} run
   */
  #share (command, run) {
    const pending = this.#pending
    const tokens = pending.get(command) ?? run().finally(() => pending.delete(command))
    pending.set(command, tokens)
    return tokens
  }
}
