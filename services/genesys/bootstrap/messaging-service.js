import { buttonResponse, eventMessage, textMessage } from './guest-messages.js'
import { ENDED, GuestSession } from './guest-session.js'

/** @import { Auth } from './auth.js' */
/** @import { StepUp } from './step-up.js' */
/** @import { Plugin, PluginContext } from './types.js' */

/**
 * @typedef {object} OutgoingMessage What the command `sendMessage` takes.
 * @property {'Text' | 'QuickReply' | 'Button' | 'DatePicker'} [type]
 * @property {string} [message]
 * @property {string} [text] The same.
 * @property {string} [postback]
 * @property {string} [originatingMessageId]
 */

/**
 * The guest's side of one conversation over the Guest API.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/websocketapi
 */
export class MessagingService {
  #plugin
  #auth
  #conversations
  #session

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   */
  constructor (plugin, context, auth) {
    this.#plugin = plugin
    this.#auth = auth
    this.#conversations = context.config.messenger.apps.conversations
    this.#session = new GuestSession(plugin, context, auth)
  }

  get uploads () {
    return this.#session.uploads
  }

  /** Takes up the conversation that an earlier page of this browser left open. */
  resume () {
    if (this.#session.stored.active && this.#session.connection.idle) this.#session.connection.reopen()
  }

  /** @param {{ joins: boolean }} [options] Whether the agent's side hears of it where conversations start by themselves. */
  async start ({ joins } = { joins: true }) {
    this.#assertIdle()
    if (this.#auth.optional) {
      // A sign-in under way decides whether the conversation is anonymous.
      await this.#auth.settled()
      this.#assertIdle()
    }
    if (this.#auth.required && !this.#auth.authenticated) throw new Error('Cannot start conversation')
    this.#session.joins = joins
    this.#session.ended = false
    try {
      await this.#session.connection.open()
    } catch {
      throw new Error('Cannot start conversation')
    }
  }

  /** The guest is there: the part of `start` that `configureConversation` leaves out. */
  async join () {
    if (!this.#conversations.autoStart?.enabled) throw new Error('Auto start must be enabled in the configuration')
    if (!this.#session.connection.configured) throw new Error('Cannot start conversation')
    await this.#session.sender.join()
  }

  /** @param {unknown} data */
  async sendMessage (data) {
    const { type = 'Text', message, text, postback, originatingMessageId } = /** @type {OutgoingMessage} */ (data)
    const written = String(message ?? text ?? '')
    const replies = type === 'QuickReply' || type === 'Button' || type === 'DatePicker'
    if (written.trim() === '' && (replies || this.uploads.none)) throw new Error('Message only contains whitespaces')
    if (this.#session.conversation.readOnly || this.#session.ended) throw new Error(ENDED)
    if (!this.#session.connection.configured) throw new Error('Messages cannot be sent while authenticating')
    const sent = this.#session.conversation.write(replies
      ? buttonResponse(type, written, postback, originatingMessageId)
      : textMessage(written, this.uploads.take()))
    this.#session.sender.flush()
    const echo = await sent
    if (replies) this.#plugin.publish('repliedMessage', { message: echo })
    return echo
  }

  sendTyping () {
    if (!this.#session.connection.configured) throw new Error('Typing indicator cannot be sent while authenticating')
    if (!this.#session.conversation.readOnly) this.#session.typing.send(this.#session.connection, this.#session.sender)
  }

  clearTypingTimeout () {
    this.#session.typing.clear()
  }

  async fetchHistory () {
    if (!this.#session.connection.live) throw new Error('not able to fetch history')
    await this.#session.conversation.showOlder()
  }

  async refreshFiles () {
    if (!this.#session.connection.live) throw new Error('not able to fetch history')
    return await this.#session.conversation.refresh()
  }

  /** Ends the conversation for every connection of the session and begins another. */
  async resetConversation () {
    const { idle } = this.#session.connection
    const started = this.#session.connection.startNew()
    this.#session.forget()
    this.#session.joins = true
    this.#session.ended = false
    this.#plugin.publish('conversationReset')
    await (idle ? this.start() : started)
  }

  async clearConversation () {
    if (!this.#conversations.conversationClear?.enabled) {
      throw new Error('Please check your conversation clear option is enabled in your configuration.')
    }
    if (!this.#session.connection.live) throw new Error('There is no active conversation found to clear.')
    await this.#session.connection.request('onMessage', { message: eventMessage({ eventType: 'Presence', presence: { type: 'Clear' } }) })
  }

  /** Ends the session for every tab, and forgets its token: what is said from now on is another session. Our choice. */
  async clearSession () {
    if (this.#session.connection.configured) {
      await this.#session.connection.request('closeSession', { closeAllConnections: true }).catch(() => {})
    }
    this.#session.stop()
    this.#session.forget()
    this.#session.drop()
    this.#plugin.publish('sessionCleared')
  }

  /** @param {StepUp} stepUp */
  async stepUp (stepUp) {
    if (!this.#session.connection.configured || this.#session.connection.authenticated) {
      throw new Error('No active conversation found to step-up.')
    }
    const signedIn = await stepUp.signIn()
    if (!await this.#session.connection.stepUp()) throw new Error('The conversation could not be stepped up.')
    return signedIn
  }

  /** The person has signed in, here or in another tab. */
  identified () {
    const { connection } = this.#session
    if (connection.live && !connection.authenticated) connection.stepUp()
    else this.resume()
  }

  /**
   * Nothing of the person's conversation stays behind.
   * @param {{ elsewhere: boolean }} where What is stored may be the next person's when another tab was the first to sign out.
   */
  signedOut ({ elsewhere }) {
    this.#session.stop()
    this.#session.forget()
    this.#session.ended = false
    this.#session.connection.cancelNew()
    if (elsewhere) this.#session.stored.dropUsed()
    else this.#session.stored.drop()
  }

  #assertIdle () {
    if (!this.#session.connection.idle) throw new Error('There is already an active conversation')
  }
}
