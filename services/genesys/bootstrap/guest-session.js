import { Connection } from './connection.js'
import { Conversation } from './conversation.js'
import { explain } from './failures.js'
import { DEAD_SESSION } from './guest-messages.js'
import { FrameError } from './guest-socket.js'
import { HealthCheck } from './health-check.js'
import { KeptOutbox } from './kept-outbox.js'
import { Sender } from './sender.js'
import { SessionClock } from './session-clock.js'
import { StoredSession } from './stored-session.js'
import { Typing } from './typing.js'
import { Uploads } from './uploads.js'

/** @import { Auth } from './auth.js' */
/** @import { Progress } from './connection.js' */
/** @import { Frame, MessagingError, Plugin, PluginContext, SessionResponse, StructuredMessage } from './types.js' */

export const ENDED = 'Conversation session has ended, start a new session to send a message.'

/** The guest's session from its beginning to its end, and what comes in on it. */
export class GuestSession {
  #plugin
  #auth
  #conversations
  #clock
  #health
  stored
  connection
  conversation
  sender
  typing
  uploads
  /** The session is over, and another is not begun yet. */
  ended = false
  /** The agent's side is to hear of the guest, where conversations start by themselves. */
  joins = true

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   */
  constructor (plugin, context, auth) {
    this.#plugin = plugin
    this.#auth = auth
    this.#conversations = context.config.messenger.apps.conversations
    this.stored = new StoredSession(context.storage)
    this.connection = new Connection(plugin, context, auth, this.stored, {
      received: (frame) => this.#receive(frame),
      configured: (session, progress) => this.#begin(session, progress),
      live: () => this.#live(),
      failed: (error) => this.#fail(error)
    })
    this.#clock = new SessionClock(plugin, () => this.#health.check())
    this.#health = new HealthCheck(this.connection, this.#clock)
    this.typing = new Typing(plugin, this.#conversations)
    this.uploads = new Uploads(plugin, this.connection)
    this.conversation = new Conversation(plugin, context, {
      connection: this.connection,
      clock: this.#clock,
      typing: this.typing,
      keptOutbox: new KeptOutbox(context.tabStorage, this.stored)
    })
    this.sender = new Sender(plugin, this.connection, this.conversation, (error) => this.#refused(error))
  }

  /** Closes the connection; the conversation may go on in another. */
  stop () {
    this.connection.stop()
    this.#clock.stop()
    this.typing.clear()
    this.conversation.readOnly = false
  }

  /** Nothing of the conversation stays here. */
  forget () {
    this.conversation.forget()
    this.sender.forget()
    this.uploads.forget()
  }

  /** The session is of no more use; the next one has another token. */
  drop () {
    this.connection.cancelNew()
    this.stored.dropUsed()
    this.ended = true
  }

  /**
   * @param {SessionResponse} session
   * @param {Progress} progress
   */
  async #begin (session, { resumed, reconnected, steppedUp }) {
    if (this.connection.authenticated) this.#auth.confirm()
    this.stored.activate()
    this.conversation.readOnly = session.readOnly === true
    this.uploads.allow(session)
    this.#announce(session, resumed)
    if (steppedUp) this.#plugin.publish('steppedUpConversation', session)
    if (resumed && (reconnected || !steppedUp)) this.#plugin.publish('reconnected')
    if (!session.newSession) await this.conversation.takeUp(resumed)
    else if (this.#conversations.autoStart?.enabled && this.joins) this.sender.join().catch(() => {})
  }

  /**
   * The order is the one the browser SDK shows.
   * @param {SessionResponse} session
   * @param {boolean} resumed
   */
  #announce (session, resumed) {
    const { newSession = false, readOnly = false, durationSeconds, expirationDate } = session
    const { authenticated } = this.connection
    if (durationSeconds) this.#plugin.publish('sessionDurationConfigured', { durationSeconds })
    if (!resumed && !newSession) this.#plugin.republish('restoring')
    this.#clock.set(session)
    this.#plugin.publish('allowedFileTypes', session)
    if (readOnly) this.#plugin.publish('readOnlyConversation')
    if (!resumed || newSession) {
      this.#plugin.republish('started', { newSession, authenticated, readOnly, durationSeconds, expirationDate })
    }
  }

  #live () {
    this.sender.resume()
    // The person has signed in while it was being configured without them.
    if (this.#auth.identified && !this.connection.authenticated) this.connection.stepUp()
    this.#health.watch()
  }

  /** @param {Frame} frame */
  #receive (frame) {
    const { body, tracingId } = frame
    if (frame.class === 'StructuredMessage') {
      // The person has asked for a new conversation here; what the old one still brings is no news.
      if (!this.connection.startingNew) this.conversation.receive(/** @type {StructuredMessage} */ (body), tracingId)
    } else if (frame.class === 'LogoutEvent') {
      this.#auth.loggedOut()
    } else if (frame.class === 'ConnectionClosedEvent') {
      this.#connectionClosed(/** @type {{ reason?: string, reasonCode?: string }} */ (body ?? {}))
    } else if (frame.class === 'SessionExpiredEvent') {
      this.#fail(new FrameError(4006, 'The session has expired'))
    } else if (frame.class === 'SessionClearedEvent') {
      this.stop()
      this.forget()
      this.drop()
      this.#plugin.publish('conversationCleared', frame)
    } else if (this.uploads.receive(frame)) {
      // Whoever uploads hears of it by itself.
    } else if (frame.class === 'string' && frame.code in DEAD_SESSION) {
      this.#fail(new FrameError(frame.code, String(body)))
    } else if (frame.class === 'string') {
      this.#report({ code: frame.code, body: String(body), errorKey: 'unexpected', tracingId })
    }
  }

  /** @param {{ reason?: string, reasonCode?: string }} body */
  #connectionClosed ({ reason, reasonCode = reason }) {
    // As above: the end of the old conversation is no news either.
    if (this.connection.startingNew) return
    // The person has signed in to this conversation in another tab: here it goes on once this one shows that it is theirs.
    if (reasonCode === 'steppedUp') return this.connection.lose()
    this.stop()
    // The person goes on in the session of the other device, and nothing of this one may get into the next.
    if (reasonCode === 'signedIn') {
      this.forget()
      this.drop()
    }
    this.#report({ code: 0, body: reasonCode ?? '', errorKey: reasonCode === 'signedIn' ? 'signedInElsewhere' : 'connectionClosed' })
  }

  /**
   * A refused message may say more about the conversation than about itself.
   * @param {FrameError} error
   */
  #refused (error) {
    if (error.code in DEAD_SESSION) this.#fail(error)
    if (error.code !== 409) return
    this.conversation.readOnly = true
    this.#plugin.publish('readOnlyConversation')
  }

  /** @param {unknown} error */
  #fail (error) {
    const { steppingUp } = this.connection
    const { report, dead, refused } = explain(error)
    this.stop()
    if (dead) this.drop()
    if (dead) this.conversation.end(new FrameError(report.code, ENDED))
    if (refused) this.forget()
    if (steppingUp) this.#plugin.publish('stepUpConversationError', { error: report })
    this.#report(report)
  }

  /** @param {MessagingError} error */
  #report (error) {
    this.#plugin.publish('error', { error })
  }
}
