import { AuthProvider, checkPayload } from './auth-provider.js'

/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { AuthPayload } from './auth-provider.js' */
/** @import { Auth } from './auth.js' */

/** @typedef {{ authCode: string | undefined, jwt: string }} SignedIn */

/** Signing in without leaving the page, in the middle of an anonymous conversation (`allowSessionUpgrade`). */
export class StepUpSignIn {
  #plugin
  #context
  #auth
  #provider
  /** @type {PromiseWithResolvers<unknown> | undefined} */
  #waiting
  /** @type {string | undefined} */
  #lastCode

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   */
  constructor (plugin, context, auth) {
    this.#plugin = plugin
    this.#context = context
    this.#auth = auth
    this.#provider = new AuthProvider(plugin)
    if (!auth.optional) return
    plugin.subscribe('AuthProvider.signedIn', ({ data }) => this.#signedIn(data))
    plugin.subscribe('AuthProvider.signInFailed', ({ data }) => {
      const { message } = /** @type {{ message?: string }} */ (data ?? {})
      this.#waiting?.reject(new Error(message ?? 'Sign-in failed'))
    })
    // Once the brand can sign people in, each anonymous conversation is told so.
    plugin.subscribe('AuthProvider.ready', () => {
      plugin.subscribe('MessagingService.started', ({ data }) => this.#offer(/** @type {{ authenticated: boolean }} */ (data)))
    })
  }

  /** @returns {Promise<SignedIn>} */
  async signIn () {
    if (!this.#auth.optional) throw new Error('Please check your session upgrade option is enabled in your configuration.')
    if (this.#auth.authenticated) throw new Error('Already signed in')
    // Nobody can tell whether the window of an earlier attempt is still open, so that the later one counts.
    this.#waiting?.reject(new Error('Sign-in was begun anew'))
    this.#plugin.publish('signingIn')
    return await this.#attempt(this.#auth.ask(() => this.#askBrand()))
  }

  async #askBrand () {
    /** @type {PromiseWithResolvers<unknown>} */
    const waiting = Promise.withResolvers()
    this.#waiting = waiting
    // The brand may resolve with the payload, publish `signedIn` with it, or do both.
    this.#provider.signIn().then((answer) => { if (answer !== undefined) waiting.resolve(answer) }, waiting.reject)
    try {
      return await waiting.promise
    } finally {
      if (this.#waiting === waiting) this.#waiting = undefined
    }
  }

  /** @param {unknown} payload The brand's event: the answer awaited, one that is known by now, or its own doing. */
  #signedIn (payload) {
    if (this.#waiting) return this.#waiting.resolve(payload)
    const { authCode, idToken } = /** @type {Partial<AuthPayload>} */ (payload ?? {})
    const known = this.#lastCode !== undefined && this.#lastCode === (authCode ?? idToken)
    // The failure is published as an event.
    if (!known && !this.#auth.authenticated) this.#attempt(Promise.resolve(payload)).catch(() => {})
  }

  /**
   * @param {Promise<unknown>} answer
   * @returns {Promise<SignedIn>}
   */
  async #attempt (answer) {
    try {
      const payload = checkPayload('signIn', await answer)
      const { authCode, idToken } = payload
      this.#lastCode = authCode ?? idToken
      this.#plugin.publish('signedIn', { authCode })
      const { jwt } = await this.#auth.redeem(payload)
      return { authCode, jwt }
    } catch (error) {
      this.#plugin.publish('signInFailed', { message: /** @type {Error} */ (error).message })
      throw error
    }
  }

  /** @param {{ authenticated: boolean }} conversation */
  #offer ({ authenticated }) {
    const possible = !authenticated && !this.#auth.authenticated && this.#context.bus.hasCommand('AuthProvider.signIn')
    if (possible) this.#plugin.publish('signInAvailable')
  }
}
