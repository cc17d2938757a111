import { Connection } from './connection.js'
import { Conversation } from './conversation.js'
import { buttonResponse, DEAD_SESSION, eventMessage } from './guest-messages.js'
import { FrameError } from './guest-socket.js'
import { RestError } from './rest.js'
import { Sender } from './sender.js'
import { StoredSession } from './stored-session.js'

/** @import { Auth } from './plugins/auth.js' */
/** @import { Frame, MessagingError, Plugin, PluginContext, SessionResponse, StructuredMessage } from './types.js' */

const TYPING_INTERVAL = 5000

/**
 * The guest's side of one conversation over the Guest API.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/websocketapi
 */
export class MessagingService {
  #plugin
  #context
  #auth
  #session
  #connection
  #conversation
  #sender
  #lastTyping = 0

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   */
  constructor (plugin, context, auth) {
    this.#plugin = plugin
    this.#context = context
    this.#auth = auth
    this.#session = new StoredSession(context.storage)
    this.#connection = new Connection(plugin, context, auth, this.#session, {
      received: (frame) => this.#receive(frame),
      configured: (session, resumed) => this.#begin(session, resumed),
      live: () => this.#sender.resume(),
      failed: (error) => this.#fail(error)
    })
    this.#conversation = new Conversation(plugin, context, this.#connection)
    this.#sender = new Sender(plugin, this.#connection, this.#conversation, (error) => this.#refused(error))
  }

  get #conversations () {
    return this.#context.config.messenger.apps.conversations
  }

  /** Takes up the conversation that an earlier page of this browser left open. */
  resume () {
    // A failure is published as MessagingService.error.
    if (this.#session.active && this.#connection.idle) this.start().catch(() => {})
  }

  async start () {
    if (!this.#connection.idle) throw new Error('There is already an active conversation')
    if (this.#context.config.auth?.enabled && !this.#auth.authenticated) throw new Error('Cannot start conversation')
    try {
      await this.#connection.open()
    } catch {
      throw new Error('Cannot start conversation')
    }
  }

  /** @param {unknown} data `{message}`, or a quick reply with its postback. */
  async sendMessage (data) {
    const { message, type, postback, text } = /** @type {Record<string, string | undefined>} */ (data)
    const written = message ?? text ?? ''
    if (written.trim() === '') throw new Error('Message only contains whitespaces')
    if (this.#conversation.readOnly) throw new Error('Conversation session has ended, start a new session to send a message.')
    if (!this.#connection.configured) throw new Error('Messages cannot be sent while authenticating')
    const echo = this.#conversation.write(type === 'QuickReply' ? buttonResponse(written, postback) : { type: 'Text', text: written })
    this.#sender.flush()
    return await echo
  }

  sendTyping () {
    if (!this.#connection.configured) throw new Error('Typing indicator cannot be sent while authenticating')
    if (this.#conversations.showUserTypingIndicator === false || this.#conversation.readOnly) return
    if (!this.#connection.live || Date.now() - this.#lastTyping < TYPING_INTERVAL) return
    this.#lastTyping = Date.now()
    this.#sender.sendEvent({ eventType: 'Typing', typing: { type: 'On', duration: TYPING_INTERVAL } })
    this.#plugin.publish('clientTypingStarted')
  }

  clearTypingTimeout () {
    this.#lastTyping = 0
  }

  async fetchHistory () {
    if (!this.#connection.live) throw new Error('not able to fetch history')
    await this.#conversation.showOlder()
  }

  /** Ends the conversation for every connection of the session and begins another. */
  async resetConversation () {
    const { idle } = this.#connection
    const started = this.#connection.startNew()
    this.#forget()
    this.#plugin.publish('conversationReset')
    await (idle ? this.start() : started)
  }

  async clearConversation () {
    if (!this.#conversations.conversationClear?.enabled) {
      throw new Error('Please check your conversation clear option is enabled in your configuration.')
    }
    if (!this.#connection.live) throw new Error('There is no active conversation found to clear.')
    await this.#connection.request('onMessage', { message: eventMessage({ eventType: 'Presence', presence: { type: 'Clear' } }) })
  }

  /**
   * Nothing of the person's conversation stays behind.
   * @param {{ elsewhere: boolean }} where What is stored may be the next person's when another tab was the first to sign out.
   */
  signedOut ({ elsewhere }) {
    this.#stop()
    this.#forget()
    this.#connection.cancelNew()
    if (elsewhere) this.#session.dropUsed()
    else this.#session.drop()
  }

  /**
   * @param {SessionResponse} session
   * @param {boolean} resumed
   */
  async #begin (session, resumed) {
    this.#auth.confirm()
    this.#session.activate()
    this.#conversation.readOnly = session.readOnly === true
    this.#announce(session, resumed)
    if (resumed) this.#plugin.publish('reconnected')
    if (!session.newSession) await this.#conversation.takeUp(resumed)
    else if (this.#conversations.autoStart?.enabled) this.#sender.sendEvent({ eventType: 'Presence', presence: { type: 'Join' } })
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

  /** @param {Frame} frame */
  #receive (frame) {
    const { body, tracingId } = frame
    if (frame.class === 'StructuredMessage') {
      // The person has asked for a new conversation here; what the old one still brings is no news.
      if (!this.#connection.startingNew) this.#conversation.receive(/** @type {StructuredMessage} */ (body), tracingId)
    } else if (frame.class === 'LogoutEvent') {
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

  /** @param {{ reason?: string, reasonCode?: string }} body */
  #connectionClosed ({ reason, reasonCode = reason }) {
    // As above: the end of the old conversation is no news either.
    if (this.#connection.startingNew) return
    this.#stop()
    this.#report({ code: 0, body: reasonCode ?? '', errorKey: reasonCode === 'signedIn' ? 'signedInElsewhere' : 'connectionClosed' })
  }

  /**
   * A refused message may say more about the conversation than about itself.
   * @param {FrameError} error
   */
  #refused (error) {
    if (error.code in DEAD_SESSION) this.#fail(error)
    if (error.code !== 409) return
    this.#conversation.readOnly = true
    this.#plugin.publish('readOnlyConversation')
  }

  /** @param {unknown} error */
  #fail (error) {
    this.#stop()
    const code = error instanceof FrameError ? error.code : error instanceof RestError ? error.status : 401
    const unreachable = code === 0 || (error instanceof RestError && code >= 500)
    // A fresh identity that is still refused does not own this session.
    const deadSession = DEAD_SESSION[code] ?? (error instanceof FrameError && code === 403 ? 'sessionRefused' : undefined)
    if (deadSession) this.#dropSession()
    if (deadSession === 'sessionRefused') this.#forget()
    const errorKey = deadSession ?? (unreachable ? 'connectFailed' : code >= 401 && code <= 403 ? 'unauthorized' : 'configureFailed')
    this.#report({ code, body: error instanceof Error ? error.message : String(error), errorKey })
  }

  /** @param {MessagingError} error */
  #report (error) {
    this.#plugin.publish('error', { error })
  }

  #stop () {
    this.#connection.stop()
    this.#conversation.readOnly = false
  }

  #forget () {
    this.#conversation.forget()
    this.#sender.forget()
  }

  #dropSession () {
    this.#connection.cancelNew()
    this.#session.dropUsed()
  }
}
