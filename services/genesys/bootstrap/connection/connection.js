import { backOff } from './backoff.js'
import { FrameSocket } from './frame-socket.js'
import { FrameError, isConnectionLoss } from './frames.js'
import { configureSession } from './session-configuration.js'

/** @import { Auth } from '../auth/auth.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { Frame } from './frames.js' */
/** @import { StoredSession } from './stored-session.js' */

/**
 * @typedef {'idle' | 'opening' | 'configuring' | 'live' | 'reconnecting'} State
 *
 * @typedef {object} Progress
 * @property {boolean} resumed After an interruption; what was said before is known here.
 * @property {boolean} reconnected On another socket, in place of one that was lost.
 * @property {boolean} steppedUp It was anonymous until now.
 * @property {boolean} startedNew The person has asked for a new conversation in place of another.
 *
 * @typedef {object} ConnectionListener
 * @property {(frame: Frame) => void} received
 * @property {(frame: Frame, progress: Progress) => Promise<void>} configured With a SessionResponse; the connection is live once this is done.
 * @property {() => void} live
 * @property {(error: unknown) => void} failed It does not help itself any more.
 */

/** The guest's way to the service: opened, configured with the person's identity, kept up, and given up. */
export class Connection {
  #plugin
  #context
  #auth
  #session
  #listener
  /** @type {State} */
  #state = 'idle'
  /** @type {FrameSocket | undefined} */
  #socket
  #life = new AbortController()
  #attempt = 0
  #configured = false
  #authenticated = false
  /** @type {Promise<boolean> | undefined} */
  #steppingUp
  /** Up to date with the history as well, so that a new socket only has to catch up. */
  #established = false
  #startNew = false
  /** Since it was configured last the socket was lost. */
  #interrupted = false

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   * @param {StoredSession} session
   * @param {ConnectionListener} listener
   */
  constructor (plugin, context, auth, session, listener) {
    this.#plugin = plugin
    this.#context = context
    this.#auth = auth
    this.#session = session
    this.#listener = listener
    // What was sent a moment ago may be lost, and the browser would notice after minutes.
    addEventListener('offline', () => this.lose())
  }

  get idle () {
    return this.#state === 'idle'
  }

  get live () {
    return this.#state === 'live'
  }

  /** Has been configured once; while it reconnects this stays so. */
  get configured () {
    return this.#configured
  }

  /** The session was configured in the name of the person who has signed in. */
  get authenticated () {
    return this.#configured && this.#authenticated
  }

  /** It is anonymous, and is being configured in the name of the person. */
  get steppingUp () {
    return this.#steppingUp !== undefined
  }

  /** The person has asked for a new conversation, and the service has not begun it yet. */
  get startingNew () {
    return this.#startNew
  }

  /** Aborted when the socket is lost or given up, or configured anew: what is under way then counts no more. */
  get signal () {
    return this.#life.signal
  }

  /** Settles when the socket is open or cannot be opened; it is configured after that. */
  async open () {
    const signal = this.#enter('opening')
    try {
      await this.#connect()
    } catch (error) {
      if (!signal.aborted) this.#listener.failed(new FrameError(0, 'Cannot start conversation'))
      throw error
    }
    this.#begin()
  }

  /** As `open`, for a conversation that is on already: it does not give up. */
  async reopen () {
    const signal = this.#enter('opening')
    try {
      await this.#connect()
      this.#begin()
    } catch {
      if (!signal.aborted) this.#reconnect()
    }
  }

  /** Ends the session for all its connections and begins another, on the same socket if there is one. */
  async startNew () {
    this.#startNew = true
    const socket = this.#socket
    // A socket that is still to be opened is going to be configured with the wish.
    if (!socket || this.#state === 'opening' || this.#state === 'reconnecting') return
    const signal = this.#enter('configuring')
    // Configuring anew is what counts; a refused close changes nothing about that.
    await socket.request('closeSession', { closeAllConnections: true }).catch(() => {})
    if (!signal.aborted && socket.open) await this.#begin()
  }

  /** The identity lapsed in the middle of a conversation: renew it on the same socket. */
  async reauthorise () {
    const signal = this.#enter('configuring')
    try {
      await this.#auth.refreshToken()
    } catch (error) {
      if (!signal.aborted) this.#listener.failed(error)
      return
    }
    if (!signal.aborted) await this.#begin()
  }

  /**
   * The person has signed in: from now on the same conversation goes on in their name.
   * @returns {Promise<boolean>} False when the service has refused. Without a socket the next one sees to it.
   */
  stepUp () {
    if (this.#state !== 'configuring' && this.#state !== 'live') return Promise.resolve(true)
    this.#steppingUp ??= this.#begin().finally(() => { this.#steppingUp = undefined })
    return this.#steppingUp
  }

  /** Gives the socket up, and goes on with another. */
  lose () {
    if (this.#state === 'configuring' || this.#state === 'live') this.#socket?.abandon()
  }

  stop () {
    this.#enter('idle')
    this.#configured = false
    this.#established = false
    this.#interrupted = false
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  /** The session is gone, and with it the wish for another in its place. */
  cancelNew () {
    this.#startNew = false
  }

  /**
   * @param {string} action
   * @param {Record<string, unknown>} [fields]
   * @param {string} [tracingId]
   * @param {number} [answerTimeoutMs]
   */
  async request (action, fields, tracingId, answerTimeoutMs) {
    const { signal } = this
    if (!this.#socket) throw new FrameError(0, 'The connection was closed', tracingId)
    const frame = await this.#socket.request(action, fields, tracingId, answerTimeoutMs)
    signal.throwIfAborted()
    return frame
  }

  /** @param {State} state */
  #enter (state) {
    this.#life.abort()
    this.#life = new AbortController()
    this.#state = state
    return this.#life.signal
  }

  async #connect () {
    const { config: { messenger }, deploymentId } = this.#context
    const url = new URL(`${messenger.apps.conversations.messagingEndpoint}/v1`)
    url.searchParams.set('deploymentId', deploymentId)
    url.searchParams.set('application', 'MessengerWeb-1.0.0')
    const { signal } = this
    const { used } = this.#session
    const token = this.#session.token()
    // Another tab has ended the conversation meanwhile, and of the one that takes its place nothing is known here.
    if (used !== undefined && used !== token) this.#established = false
    const socket = new FrameSocket(url.href, token, {
      onPush: (frame) => { if (socket === this.#socket) this.#listener.received(frame) },
      onClose: () => { if (socket === this.#socket) this.#closed() }
    })
    this.#socket = socket
    await socket.opened
    signal.throwIfAborted()
  }

  #closed () {
    // Whoever is opening a socket hears of the failure itself.
    if (this.#state === 'configuring' || this.#state === 'live') this.#reconnect()
  }

  async #reconnect () {
    const signal = this.#enter('reconnecting')
    this.#plugin.publish('offline')
    this.#plugin.publish('reconnecting')
    while (!signal.aborted) {
      await backOff(this.#attempt++)
      if (signal.aborted) return
      try {
        await this.#connect()
        this.#interrupted = true
        await this.#begin()
        return
      } catch {
        // Still unreachable: the next turn of the loop waits longer.
      }
    }
  }

  /** @returns {Promise<boolean>} Whether it is live now, or is still going to be. */
  async #begin () {
    const signal = this.#enter('configuring')
    try {
      const startedNew = this.#startNew
      const { frame, authenticated } = await configureSession(this, this.#context, this.#auth, startedNew)
      const resumed = this.#established
      const reconnected = this.#interrupted
      this.#interrupted = false
      const steppedUp = this.#configured && authenticated && !this.#authenticated
      this.#configured = true
      this.#authenticated = authenticated
      this.#startNew = false
      await this.#listener.configured(frame, { resumed, reconnected, steppedUp, startedNew })
      signal.throwIfAborted()
      this.#established = true
      this.#attempt = 0
      this.#state = 'live'
      this.#listener.live()
    } catch (error) {
      // A closed socket starts a reconnection of its own.
      if (signal.aborted || isConnectionLoss(error)) return true
      this.#listener.failed(error)
      return false
    }
    return true
  }
}
