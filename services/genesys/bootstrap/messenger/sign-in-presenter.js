import { SIGN_IN_FAILED, SIGN_IN_UNAVAILABLE, SIGNED_OUT, STEP_UP_FAILED } from './window/notice-texts.js'

/** @import { DeploymentConfig } from '../platform/deployment-config.js' */
/** @import { LabelledStorage } from '../platform/labelled-storage.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { WindowState } from './window/window-state.js' */

// What the person is called, for the windows of other tabs.
const NAME = 'gcmcname'

/** Who is signed in: before the conversation where the deployment demands it, or in the middle where it allows that. */
export class SignInPresenter {
  #plugin
  #state
  #storage
  #listener
  #enabled
  #required
  /** The last that is under way, or 0. */
  #attempts = 0

  /**
   * @param {Plugin} plugin
   * @param {DeploymentConfig['auth']} auth
   * @param {WindowState} state
   * @param {LabelledStorage} storage Of all tabs.
   * @param {{ signedIn: () => void, signedOut: () => void }} listener
   */
  constructor (plugin, auth, state, storage, listener) {
    this.#plugin = plugin
    this.#state = state
    this.#storage = storage
    this.#listener = listener
    this.#enabled = auth?.enabled === true
    this.#required = demandsSignIn(auth)
    this.#listen()
    this.#listenToStepUp()
    storage.onSetElsewhere(NAME, () => { if (state.identity) state.show({ identity: this.#identity }) })
  }

  /** The person has an identity, as far as the conversation needs one. */
  get satisfied () {
    return !this.#required || this.#plugin.data('Auth.authenticated') === true
  }

  /**
   * The person's name comes with their own messages.
   * @param {string | undefined} name
   */
  named (name) {
    if (!this.#enabled || !name) return
    if (this.#storage.get(NAME) !== name) this.#storage.set(NAME, name)
    this.#state.show({ identity: this.#identity })
  }

  get #identity () {
    const name = this.#storage.get(NAME)
    return name ? `Signed in as ${name}` : 'Signed in'
  }

  /** @param {'Auth.reAuthenticate' | 'Auth.getTokens'} command */
  begin (command) {
    this.#plugin.command(command).catch(() => {
      if (!this.satisfied) this.#state.show({ phase: 'signedOut', problem: this.#state.problem ?? SIGN_IN_UNAVAILABLE })
    })
    this.#state.show({ problem: undefined })
  }

  /** Nobody can tell when the person has closed the window of an earlier attempt, so they may begin as often as they like. */
  async stepUp () {
    const attempt = ++this.#attempts
    this.#state.show({ signIn: 'underWay', problem: undefined })
    try {
      await this.#plugin.command('MessagingService.stepUpConversation')
    } catch {
      if (attempt === this.#attempts) this.#stepUpFailed()
    } finally {
      if (attempt === this.#attempts) this.#attempts = 0
    }
  }

  #listen () {
    const { subscribe } = this.#plugin
    // Asking the brand for a code can take a round trip to its identity provider.
    subscribe('AuthProvider.ready', () => { if (this.#required) this.#awaitConversation() })
    subscribe('Auth.authenticating', () => {
      // It may be somebody else, who has a name of their own.
      this.#storage.remove(NAME)
      if (this.#required) this.#awaitConversation()
    })
    subscribe('Auth.authenticated', () => {
      this.#state.show({ identity: this.#identity, signIn: 'none' })
      if (this.#awaitConversation()) this.#listener.signedIn()
    })
    subscribe('Auth.authError', () => {
      if (!this.satisfied) this.#state.show({ phase: 'signedOut', problem: SIGN_IN_FAILED })
    })
    subscribe('Auth.authProviderError', () => this.signedOutUnlessSatisfied())
    subscribe('Auth.tokenError', () => this.signedOutUnlessSatisfied())
    subscribe('Auth.loggedOut', () => {
      this.#listener.signedOut()
      this.#storage.remove(NAME)
      this.#state.show({ problem: undefined, identity: '', signIn: 'none' })
      this.#state.show(this.#required ? { phase: 'signedOut' } : { phase: 'stopped', ending: SIGNED_OUT })
    })
  }

  #listenToStepUp () {
    const { subscribe } = this.#plugin
    subscribe('Auth.signInAvailable', () => {
      if (this.#plugin.data('Auth.authenticated') !== true) this.#state.show({ signIn: 'available' })
    })
    subscribe('Auth.signingIn', () => this.#state.show({ signIn: 'underWay', problem: undefined }))
    for (const failure of ['Auth.signInFailed', 'MessagingService.stepUpConversationError']) {
      // While one is under way here this is of one before, which it has taken the place of.
      subscribe(failure, () => { if (this.#attempts === 0) this.#stepUpFailed() })
    }
    subscribe('MessagingService.steppedUpConversation', () => {
      this.#state.show({ signIn: 'none', problem: undefined, identity: this.#identity })
    })
  }

  /**
   * A conversation that there is goes on: it may have begun without a name, or by the sign-in of another tab while this one
   * still redeemed a code of its own.
   * @returns {boolean} Whether there was none.
   */
  #awaitConversation () {
    const { phase } = this.#state
    if (phase === 'chat' || phase === 'ended') return false
    this.#state.show({ phase: 'connecting', problem: undefined })
    return true
  }

  signedOutUnlessSatisfied () {
    if (!this.satisfied) this.#state.show({ phase: 'signedOut', identity: '', typing: '' })
  }

  #stepUpFailed () {
    if (this.#plugin.data('Auth.authenticated') !== true) this.#state.show({ signIn: 'available', problem: STEP_UP_FAILED })
  }
}

/** @param {DeploymentConfig['auth']} auth */
export function demandsSignIn (auth) {
  return auth?.enabled === true && auth.allowSessionUpgrade !== true
}
