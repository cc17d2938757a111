import { backoff, pause } from './backoff.js'
import { CustomAttributes } from './custom-attributes.js'
import { buttonResponse, DEAD_SESSION, eventMessage, isConnectionLoss, isSaid, keyOf, refusesIdentity } from './guest-messages.js'
import { FrameError, GuestSocket } from './guest-socket.js'
import { History, isLastPage } from './history.js'
import { Outbox } from './outbox.js'
import { RestError } from './rest.js'

/** @import { Auth } from './plugins/auth.js' */
/** @import { HistoryPage } from './history.js' */
/** @import { OutboxItem } from './outbox.js' */
/** @import { Frame, MessagingError, Plugin, PluginContext, SessionResponse, StructuredMessage } from './types.js' */

const SESSION_ACTIVE = 'gcmcsessionActive'
// The name of the session token is not documented; our choice.
const SESSION_TOKEN = 'gcmcsessionToken'
const MAX_RECONFIGURE_ATTEMPTS = 3
const TYPING_INTERVAL = 5000
/**
 * The guest's side of one conversation over the Guest API.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/websocketapi
 */
export class MessagingService {
  #plugin
  #context
  #auth
  #history
  #attributes
  #outbox = new Outbox()
  /** @type {'idle' | 'opening' | 'configuring' | 'live' | 'reconnecting'} */
  #state = 'idle'
  /** @type {GuestSocket | undefined} */
  #socket
  /** Counts the reconnections and stops, so that an outdated wait notices. */
  #turn = 0
  #attempt = 0
  #configured = false
  /** Up to date with the history as well, so that a new connection only has to catch up. */
  #established = false
  #readOnly = false
  #startNew = false
  #flushing = false
  #lastTyping = 0
  #pageNumber = 0
  #historyComplete = false
  /** @type {Set<string>} */
  #known = new Set()

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   */
  constructor (plugin, context, auth) {
    this.#plugin = plugin
    this.#context = context
    this.#auth = auth
    this.#history = new History(context.config.apiEndpoint)
    this.#attributes = new CustomAttributes(plugin)
  }

  get #conversations () {
    return this.#context.config.messenger.apps.conversations
  }

  /** Takes up the conversation that an earlier page of this browser left open. */
  resume () {
    const active = this.#context.storage.get(SESSION_ACTIVE) === 'true'
    // A failure is published as MessagingService.error.
    if (active && this.#state === 'idle') this.start().catch(() => {})
  }

  async start () {
    if (this.#state !== 'idle') throw new Error('There is already an active conversation')
    if (this.#context.config.auth?.enabled && !this.#auth.authenticated) throw new Error('Cannot start conversation')
    this.#state = 'opening'
    const turn = this.#turn
    try {
      await this.#connect()
    } catch {
      if (turn === this.#turn) {
        this.#stop()
        this.#report({ code: 0, body: 'Cannot start conversation', errorKey: 'connectFailed' })
      }
      throw new Error('Cannot start conversation')
    }
    this.#begin()
  }

  /** @param {unknown} data `{message}`, or a quick reply with its postback. */
  async sendMessage (data) {
    const { message, type, postback, text } = /** @type {Record<string, string | undefined>} */ (data)
    const written = message ?? text ?? ''
    if (written.trim() === '') throw new Error('Message only contains whitespaces')
    if (this.#readOnly) throw new Error('Conversation session has ended, start a new session to send a message.')
    if (!this.#configured) throw new Error('Messages cannot be sent while authenticating')
    const { item, promise } = this.#outbox.add(type === 'QuickReply' ? buttonResponse(written, postback) : { type: 'Text', text: written })
    this.#plugin.publish('sendingMessage', {
      message: { ...item.message, tracingId: item.tracingId, time: new Date().toISOString() }
    })
    this.#flush()
    return await promise
  }

  sendTyping () {
    if (!this.#configured) throw new Error('Typing indicator cannot be sent while authenticating')
    if (this.#conversations.showUserTypingIndicator === false || this.#readOnly) return
    if (this.#state !== 'live' || Date.now() - this.#lastTyping < TYPING_INTERVAL) return
    this.#lastTyping = Date.now()
    this.#sendEvent({ eventType: 'Typing', typing: { type: 'On', duration: TYPING_INTERVAL } })
    this.#plugin.publish('clientTypingStarted')
  }

  clearTypingTimeout () {
    this.#lastTyping = 0
  }

  async fetchHistory () {
    const socket = this.#socket
    if (!socket || this.#state !== 'live') throw new Error('not able to fetch history')
    if (this.#historyComplete) throw new Error('All the messages are fetched')
    /** @type {HistoryPage} */
    let page
    try {
      page = await this.#history.page(socket, this.#pageNumber + 1)
    } catch {
      throw new Error('Unable to fetch history')
    }
    if (socket !== this.#socket) throw new Error('not able to fetch history')
    this.#plugin.publish('oldMessages', this.#readPage(page))
    if (this.#historyComplete) this.#plugin.publish('historyComplete')
  }

  /** Ends the conversation for every connection of the session and begins another. */
  async resetConversation () {
    const socket = this.#socket
    this.#startNew = true
    this.#forget()
    this.#plugin.publish('conversationReset')
    if (!socket || this.#state !== 'live') {
      if (this.#state === 'idle') await this.start()
      return
    }
    this.#state = 'configuring'
    // Configuring anew is what counts; a refused close changes nothing about that.
    await socket.request('closeSession', { closeAllConnections: true }).catch(() => {})
    if (socket.open) await this.#begin()
  }

  async clearConversation () {
    if (!this.#conversations.conversationClear?.enabled) {
      throw new Error('Please check your conversation clear option is enabled in your configuration.')
    }
    if (this.#state !== 'live') throw new Error('There is no active conversation found to clear.')
    await this.#socket?.request('onMessage', { message: eventMessage({ eventType: 'Presence', presence: { type: 'Clear' } }) })
  }

  /** Nothing of the person's conversation stays behind. */
  signedOut () {
    this.#stop()
    this.#forget()
    this.#dropSession()
  }

  async #connect () {
    const { config: { messenger }, deploymentId } = this.#context
    const url = new URL(`${messenger.apps.conversations.messagingEndpoint}/v1`)
    url.searchParams.set('deploymentId', deploymentId)
    url.searchParams.set('application', 'MessengerWeb-1.0.0')
    const socket = new GuestSocket(url.href, this.#sessionToken(), {
      onPush: (frame) => { if (socket === this.#socket) this.#receive(frame) },
      onClose: () => { if (socket === this.#socket) this.#closed() }
    })
    this.#socket = socket
    await socket.opened
    this.#state = 'configuring'
  }

  #sessionToken () {
    const { storage } = this.#context
    const token = storage.get(SESSION_TOKEN) ?? crypto.randomUUID()
    storage.set(SESSION_TOKEN, token)
    return token
  }

  #closed () {
    // Whoever is opening a socket hears of the failure itself.
    if (this.#state === 'configuring' || this.#state === 'live') this.#reconnect()
  }

  async #reconnect () {
    this.#state = 'reconnecting'
    const turn = ++this.#turn
    this.#plugin.publish('offline')
    this.#plugin.publish('reconnecting')
    while (turn === this.#turn) {
      await pause(backoff(this.#attempt++))
      if (turn !== this.#turn) return
      try {
        await this.#connect()
        return await this.#begin()
      } catch {
        // Still unreachable: the next turn of the loop waits longer.
      }
    }
  }

  async #begin () {
    const socket = this.#socket
    if (!socket) return
    try {
      const session = await this.#configure(socket)
      if (socket === this.#socket) await this.#establish(socket, session)
    } catch (error) {
      if (socket === this.#socket) this.#fail(error)
    }
  }

  /**
   * @param {GuestSocket} socket
   * @returns {Promise<SessionResponse>}
   */
  async #configure (socket) {
    const { config, deploymentId } = this.#context
    const fields = { deploymentId, startNew: this.#startNew }
    for (let attempt = 0; ; attempt++) {
      try {
        const { body } = config.auth?.enabled
          ? await socket.request('configureAuthenticatedSession', { ...fields, data: { code: this.#auth.jwt } })
          : await socket.request('configureSession', fields)
        return /** @type {SessionResponse} */ (body)
      } catch (error) {
        if (!refusesIdentity(error) || attempt === MAX_RECONFIGURE_ATTEMPTS) throw error
        await this.#auth.refreshToken()
      }
    }
  }

  /**
   * @param {GuestSocket} socket
   * @param {SessionResponse} session
   */
  async #establish (socket, session) {
    const resumed = this.#established
    const restoring = !session.newSession
    this.#auth.confirm()
    this.#context.storage.set(SESSION_ACTIVE, 'true')
    this.#configured = true
    this.#startNew = false
    this.#readOnly = session.readOnly === true
    this.#announce(session, resumed)
    if (resumed) this.#plugin.publish('reconnected')
    if (restoring) await this.#takeUp(socket, resumed)
    else if (this.#conversations.autoStart?.enabled) this.#sendEvent({ eventType: 'Presence', presence: { type: 'Join' } })
    // Somebody may have signed out meanwhile; what belongs to them must not show up after that.
    if (socket !== this.#socket) return
    this.#established = true
    this.#attempt = 0
    this.#state = 'live'
    this.#outbox.resend()
    this.#flush()
  }

  /**
   * The order is the one the browser SDK shows.
   * @param {SessionResponse} session
   * @param {boolean} resumed
   */
  #announce (session, resumed) {
    const { newSession = false, readOnly = false, durationSeconds, expirationDate } = session
    const authenticated = this.#auth.authenticated
    if (durationSeconds) this.#plugin.publish('sessionDurationConfigured', { durationSeconds })
    if (!resumed && !newSession) this.#plugin.republish('restoring')
    if (expirationDate) this.#plugin.publish('sessionTimingUpdated', { durationSeconds, expirationDate })
    this.#plugin.publish('allowedFileTypes', session)
    if (readOnly) this.#plugin.publish('readOnlyConversation')
    if (!resumed || newSession) {
      this.#plugin.republish('started', { newSession, authenticated, readOnly, durationSeconds, expirationDate })
    }
  }

  /**
   * Brings the conversation up to date from its history.
   * @param {GuestSocket} socket
   * @param {boolean} resumed
   */
  async #takeUp (socket, resumed) {
    try {
      if (resumed) await this.#catchUp(socket)
      else await this.#restore(socket)
    } catch (error) {
      if (isConnectionLoss(error) || socket !== this.#socket) throw error
      this.#report({ code: error instanceof RestError ? error.status : 0, body: 'Unable to fetch history', errorKey: 'historyUnavailable' })
      // What was under way may have arrived; sending it again could say it twice.
      for (const item of this.#outbox.unconfirmed) this.#failMessage(item, new FrameError(0, 'Delivery could not be confirmed'))
    }
  }

  /** @param {GuestSocket} socket */
  async #restore (socket) {
    this.#pageNumber = 0
    const page = await this.#history.page(socket, 1)
    if (socket !== this.#socket) return
    const restored = this.#readPage(page)
    this.#plugin.republish('restored', restored)
    if (this.#historyComplete) this.#plugin.publish('historyComplete')
  }

  /** @param {GuestSocket} socket */
  async #catchUp (socket) {
    /** @type {StructuredMessage[]} */
    const missed = []
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await this.#history.page(socket, pageNumber)
      if (socket !== this.#socket) return
      const said = page.entities.filter(isSaid)
      const unknown = said.filter((message) => !this.#known.has(keyOf(message)))
      missed.push(...unknown)
      if (unknown.length < said.length || isLastPage(page)) break
    }
    for (const message of missed.reverse()) {
      this.#deliver(message, this.#outbox.claimFromHistory(message)?.tracingId)
    }
  }

  /** @param {HistoryPage} page */
  #readPage (page) {
    const messages = page.entities.toReversed().map((message) => {
      const unknown = isSaid(message) && !this.#known.has(keyOf(message))
      if (isSaid(message)) this.#known.add(keyOf(message))
      const tracingId = unknown ? this.#outbox.claimFromHistory(message)?.tracingId : undefined
      return tracingId ? { ...message, tracingId } : message
    })
    this.#pageNumber = page.pageNumber
    this.#historyComplete = isLastPage(page)
    return { messages, pageNumber: page.pageNumber, pageSize: page.pageSize }
  }

  /** @param {Frame} frame */
  #receive (frame) {
    const { body, tracingId } = frame
    if (frame.class === 'StructuredMessage') {
      this.#receiveMessage(/** @type {StructuredMessage} */ (body), tracingId)
    } else if (frame.class === 'LogoutEvent') {
      this.signedOut()
      this.#auth.loggedOut()
    } else if (frame.class === 'ConnectionClosedEvent') {
      this.#connectionClosed(/** @type {{ reason?: string, reasonCode?: string }} */ (body ?? {}))
    } else if (frame.class === 'SessionExpiredEvent') {
      this.#fail(new FrameError(4006, 'The session has expired'))
    } else if (frame.class === 'SessionClearedEvent') {
      this.#stop()
      this.#forget()
      this.#dropSession()
      this.#plugin.publish('conversationCleared', frame)
    } else if (frame.class === 'string' && frame.code in DEAD_SESSION) {
      this.#fail(new FrameError(frame.code, String(body)))
    } else if (frame.class === 'string') {
      this.#report({ code: frame.code, body: String(body), errorKey: 'unexpected', tracingId })
    }
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  #receiveMessage (message, tracingId) {
    // The guest's own presence is passed on as well, since it names the person; not documented, our choice.
    const ownPresence = message.direction === 'Inbound' && message.events?.some(({ presence }) => presence)
    if (message.type !== 'Event' || ownPresence) return this.#deliver(message, tracingId)
    if (message.direction !== 'Outbound') return
    for (const { typing, presence } of message.events ?? []) {
      if (typing && this.#conversations.showAgentTypingIndicator !== false) this.#plugin.publish('typingReceived', { typing, from: message.channel?.from })
      if (presence?.type === 'Disconnect') {
        this.#readOnly = message.metadata?.readOnly === 'true'
        this.#plugin.publish('conversationDisconnected', { message, readOnly: this.#readOnly })
        if (this.#readOnly) this.#plugin.publish('readOnlyConversation')
      }
    }
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  #deliver (message, tracingId) {
    const key = keyOf(message)
    if (this.#known.has(key)) return
    this.#known.add(key)
    const claimed = message.direction === 'Inbound' ? this.#outbox.claim(message, tracingId)?.tracingId : undefined
    this.#plugin.publish('messagesReceived', { messages: [{ ...message, tracingId: claimed ?? tracingId }] })
  }

  /** @param {{ reason?: string, reasonCode?: string }} body */
  #connectionClosed ({ reason, reasonCode = reason }) {
    // The person has asked for a new conversation here; the end of the old one is no news.
    if (this.#startNew) return
    this.#stop()
    this.#report({ code: 0, body: reasonCode ?? '', errorKey: reasonCode === 'signedIn' ? 'signedInElsewhere' : 'connectionClosed' })
  }

  /** Hands over one message after the other, so that they arrive in the order of writing. */
  async #flush () {
    if (this.#flushing) return
    this.#flushing = true
    for (let item = this.#outbox.next(); item && this.#state === 'live'; item = this.#outbox.next()) {
      await this.#transmit(item)
    }
    this.#flushing = false
  }

  /** @param {OutboxItem} item */
  async #transmit (item) {
    const socket = this.#socket
    if (!socket) return
    item.sent = true
    try {
      const { body } = await socket.request('onMessage', { message: this.#attributes.ride(item.message) }, item.tracingId)
      this.#deliver(/** @type {StructuredMessage} */ (body), item.tracingId)
    } catch (error) {
      // It stays in the outbox until history tells whether it arrived.
      if (isConnectionLoss(error)) return
      if (refusesIdentity(error) && !item.reauthorised) {
        item.reauthorised = true
        await this.#reauthorise()
      } else {
        this.#failMessage(item, /** @type {FrameError} */ (error))
        this.#heed(/** @type {FrameError} */ (error))
      }
    }
  }

  /**
   * A refused message may say more about the conversation than about itself.
   * @param {FrameError} error
   */
  #heed (error) {
    if (error.code in DEAD_SESSION) this.#fail(error)
    if (error.code !== 409) return
    this.#readOnly = true
    this.#plugin.publish('readOnlyConversation')
  }

  /** The identity lapsed in the middle of a conversation: renew it on the same socket. */
  async #reauthorise () {
    this.#state = 'configuring'
    try {
      await this.#auth.refreshToken()
    } catch (error) {
      return this.#fail(error)
    }
    await this.#begin()
  }

  /**
   * @param {OutboxItem} item
   * @param {FrameError} error
   */
  #failMessage (item, { code, message }) {
    this.#outbox.discard(item)
    item.reject(new Error(message))
    this.#report({ code, body: message, errorKey: 'messageFailed', tracingId: item.tracingId })
  }

  /** @param {import('./types.js').MessageEvent} event */
  #sendEvent (event) {
    // Nobody waits for these; a lost one is no loss.
    this.#socket?.request('onMessage', { message: eventMessage(event) }).catch(() => {})
  }

  /** @param {unknown} error */
  #fail (error) {
    // The closed socket starts a reconnection of its own.
    if (isConnectionLoss(error)) return
    this.#stop()
    const code = error instanceof FrameError ? error.code : error instanceof RestError ? error.status : 401
    const unreachable = error instanceof RestError && (code === 0 || code >= 500)
    // A fresh identity that is still refused does not own this session.
    const deadSession = DEAD_SESSION[code] ?? (error instanceof FrameError && code === 403 ? 'sessionRefused' : undefined)
    if (deadSession) this.#dropSession()
    const errorKey = deadSession ?? (unreachable ? 'connectFailed' : code >= 401 && code <= 403 ? 'unauthorized' : 'configureFailed')
    this.#report({ code, body: error instanceof Error ? error.message : String(error), errorKey })
  }

  /** @param {MessagingError} error */
  #report (error) {
    this.#plugin.publish('error', { error })
  }

  #stop () {
    this.#turn++
    this.#state = 'idle'
    this.#configured = false
    this.#established = false
    this.#readOnly = false
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #forget () {
    this.#known.clear()
    this.#history.forget()
    this.#historyComplete = false
    for (const { reject } of this.#outbox.clear()) reject(new Error('The conversation has ended'))
  }

  #dropSession () {
    this.#startNew = false
    this.#context.storage.remove(SESSION_TOKEN)
    this.#context.storage.remove(SESSION_ACTIVE)
  }
}
