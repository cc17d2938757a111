import { Connection } from '../connection/connection.js'
import { FrameError } from '../connection/frames.js'
import { messagingErrorOf } from '../connection/messaging-errors.js'
import { StoredSession } from '../connection/stored-session.js'
import { Conversation } from '../conversation/conversation.js'
import { FileUploads } from '../conversation/file-uploads.js'
import { OutboxSender } from '../conversation/outbox-sender.js'
import { StoredOutbox } from '../conversation/stored-outbox.js'
import { TypingIndicator } from '../conversation/typing-indicator.js'
import { describeConnectionFailure, FATAL_SESSION_ERRORS } from './connection-failure.js'
import { HealthCheck } from './health-check.js'
import { SessionClock } from './session-clock.js'

/** @import { Auth } from '../auth/auth.js' */
/** @import { Progress } from '../connection/connection.js' */
/** @import { Frame, SessionResponse } from '../connection/frames.js' */
/** @import { StructuredMessage } from '../conversation/structured-message.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */

export const ENDED = 'Conversation session has ended, start a new session to send a message.'

/** The guest's session from its beginning to its end, and what comes in on it. */
export class SessionLifecycle {
  #plugin
  #auth
  #conversations
  #clock
  #health
  /** @type {(() => void)[]} */
  #postponed = []
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
      configured: (frame, progress) => this.#begin(frame, progress),
      live: () => this.#live(),
      failed: (error) => this.#fail(error)
    })
    this.#clock = new SessionClock(plugin, () => this.#health.check())
    this.#health = new HealthCheck(this.connection, this.#clock)
    this.typing = new TypingIndicator(plugin, this.connection, this.#conversations)
    this.uploads = new FileUploads(plugin, this.connection)
    this.conversation = new Conversation(plugin, context, {
      connection: this.connection,
      extendSession: (time) => this.#clock.extend(time),
      typing: this.typing,
      storedOutbox: new StoredOutbox(context.tabStorage, this.stored)
    })
    this.sender = new OutboxSender(plugin, this.connection, this.conversation, (error) => this.#refused(error))
  }

  /**
   * Runs what needs a connection: now, or as soon as there is one.
   * @param {() => void} run
   */
  onLive (run) {
    if (this.connection.live) run()
    else this.#postponed.push(run)
  }

  /**
   * Publishes a failure.
   * @param {unknown} error
   * @param {string} errorKey Where its code has none.
   */
  report (error, errorKey) {
    this.#plugin.publish('error', messagingErrorOf(error, errorKey))
  }

  /** Closes the connection; the conversation may go on in another. */
  stop () {
    this.connection.stop()
    this.uploads.giveUp()
    this.#clock.stop()
    this.typing.clear()
    this.conversation.readOnly = false
  }

  /** Nothing of the conversation stays here. */
  forget () {
    this.conversation.forget()
    this.sender.forget()
    this.uploads.forget()
    this.#postponed = []
  }

  /** The session is of no more use; the next one has another token. */
  drop () {
    this.connection.cancelNew()
    this.stored.dropUsed()
    this.ended = true
  }

  /**
   * @param {Frame} frame
   * @param {Progress} progress
   */
  async #begin (frame, { resumed, reconnected, steppedUp, startedNew }) {
    const session = /** @type {SessionResponse} */ (frame.body)
    if (this.connection.authenticated) this.#auth.confirm()
    this.stored.activate()
    this.conversation.readOnly = session.readOnly === true
    this.#announce(frame, session, { resumed, startedNew })
    if (steppedUp) this.#plugin.publish('steppedUpConversation', session)
    if (resumed && (reconnected || !steppedUp)) this.#plugin.publish('reconnected')
    if (!session.newSession) await this.conversation.takeUp(resumed)
    else if (this.#conversations.autoStart?.enabled && this.joins) this.sender.join().catch(() => {})
  }

  /**
   * The order is the one the browser SDK shows.
   * @param {Frame} frame
   * @param {SessionResponse} session What is in it.
   * @param {Pick<Progress, 'resumed' | 'startedNew'>} progress
   */
  #announce (frame, session, { resumed, startedNew }) {
    const { newSession = false, readOnly = false, durationSeconds, expirationDate } = session
    const { authenticated } = this.connection
    const restores = !resumed && !newSession
    if (restores) this.#plugin.republish('restoring')
    this.#clock.set(session)
    this.#plugin.publish('allowedFileTypes', session)
    // After a restore the event comes for conversations that can be written in too: `body.readOnly` says which it is.
    if (restores || readOnly) this.#plugin.publish('readOnlyConversation', frame)
    const started = { newSession, authenticated, readOnly, durationSeconds, expirationDate }
    if (startedNew) this.#plugin.publish('conversationReset', started)
    if (!resumed || newSession) this.#plugin.republish('started', started)
  }

  #live () {
    // Before the messages: who was typing had not written yet.
    for (const run of this.#postponed.splice(0)) run()
    this.sender.resume()
    this.uploads.catchUp().catch(() => {})
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
    } else if (frame.class === 'string' && frame.code in FATAL_SESSION_ERRORS) {
      this.#fail(new FrameError(frame.code, String(body)))
    } else if (frame.class === 'string') {
      this.report(new FrameError(frame.code, String(body), tracingId, undefined, frame), 'unexpected')
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
    this.report(new FrameError(0, reasonCode ?? ''), reasonCode === 'signedIn' ? 'signedInElsewhere' : 'connectionClosed')
  }

  /**
   * A refused message may say more about the conversation than about itself.
   * @param {FrameError} error
   */
  #refused (error) {
    if (error.code in FATAL_SESSION_ERRORS) this.#fail(error)
    if (error.code !== 409) return
    this.conversation.readOnly = true
    this.#plugin.publish('readOnlyConversation', error.frame)
  }

  /** @param {unknown} error */
  #fail (error) {
    const { steppingUp } = this.connection
    const { report, errorKey, fatal, refused } = describeConnectionFailure(error)
    this.stop()
    if (fatal) this.drop()
    if (fatal) this.conversation.end(new FrameError(report.code, ENDED))
    if (refused) this.forget()
    if (steppingUp) this.#plugin.publish('stepUpConversationError', messagingErrorOf(report, errorKey))
    this.report(report, errorKey)
  }
}
