import { eventMessage, textMessage } from '../conversation/structured-message.js'
import { composeReply } from '../conversation/structured-replies.js'
import { randomUUID } from '../platform/random-uuid.js'
import { ENDED, SessionLifecycle } from './session-lifecycle.js'

/** @import { Auth } from '../auth/auth.js' */
/** @import { StepUpSignIn } from '../auth/step-up-sign-in.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */

const RESET_REFUSED = 'Conversation reset is not allowed. Check your configuration if Read only conversation disconnect is enabled.'

/**
 * The guest's side of one conversation over the Guest API.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/websocketapi
 */
export class MessagingCommands {
  #plugin
  #auth
  #conversations
  #takesFiles
  #session

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Auth} auth
   */
  constructor (plugin, context, auth) {
    const { apps, fileUpload } = context.config.messenger
    this.#plugin = plugin
    this.#auth = auth
    this.#conversations = apps.conversations
    this.#takesFiles = fileUpload?.enableAttachments !== false && (fileUpload?.modes ?? []).length > 0
    this.#session = new SessionLifecycle(plugin, context, auth)
  }

  /** An earlier page of this browser has left a conversation open. */
  get resumes () {
    return this.#session.stored.active
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

  /**
   * Hands over a message, which goes as soon as there is a connection; what becomes of it is told by events.
   * @param {unknown} data
   */
  sendMessage (data) {
    const options = /** @type {{ type?: string, message?: string, text?: string }} */ (data)
    const { type = 'Text', message, text } = options
    const isReply = type !== 'Text' && type !== 'text'
    const written = String(message ?? text ?? '')
    const said = written.trim()
    if (!isReply && said === '' && written !== '' && this.#session.uploads.none) throw new Error('Message only contains whitespaces')
    if (!isReply && said === '' && this.#session.uploads.none) return
    this.#assertOn(ENDED)
    const content = isReply ? composeReply({ ...options, type }) : undefined
    this.#connect('Messages cannot be sent while authenticating')
    this.#session.conversation.write(content ?? textMessage(said, this.#session.uploads.take()))
    this.#session.sender.flush()
  }

  sendTyping () {
    this.#assertOn('Conversation session has ended, start a new session to send a typing indicator.')
    this.#connect('Typing indicator cannot be sent while authenticating')
    this.#session.onLive(() => this.#session.typing.send())
  }

  clearTypingTimeout () {
    this.#session.typing.clear()
  }

  /** @param {unknown} data */
  requestUpload (data) {
    if (!this.#takesFiles) throw new Error('Sending attachments is disabled in the configuration')
    this.#assertOn('Conversation session has ended, start a new session to upload a file.')
    // The id is the window's, which shows several files at once and has to tell them apart.
    const { file: given, attachmentId = randomUUID() } = /** @type {{ file?: unknown, attachmentId?: string }} */ (data)
    const [file, ...others] = given instanceof File ? [given] : /** @type {File[]} */ (Array.from(/** @type {FileList} */ (given ?? [])))
    if (!(file instanceof File)) throw new Error('There is no file to upload')
    if (others.length > 0) throw new Error('One file can be uploaded at a time')
    this.#connect('Files cannot be uploaded while authenticating')
    this.#session.onLive(() => this.#session.uploads.upload(file, attachmentId))
  }

  /** @param {unknown} data */
  async getFile (data) {
    const attachmentId = idIn(data)
    try {
      const downloadUrl = await this.#session.uploads.address(attachmentId)
      this.#session.conversation.updateFile(attachmentId, downloadUrl)
      this.#plugin.publish('fileReceived', { attachmentId, downloadUrl, timestamp: new Date().toISOString() })
    } catch (error) {
      this.#session.report(error, 'fileUnavailable')
    }
  }

  /** All files of the conversation get fresh addresses, whichever were asked for: that is one request. */
  async refreshFiles () {
    if (this.#session.connection.live) await this.#session.conversation.refreshFiles().catch((error) => this.#session.report(error, 'fileUnavailable'))
  }

  /** @param {unknown} data */
  async downloadFile (data) {
    const { downloadUrl, name = '' } = /** @type {{ downloadUrl?: unknown, name?: unknown }} */ (data)
    if (typeof downloadUrl !== 'string') throw new Error('There is no downloadUrl')
    await this.#session.uploads.download(downloadUrl, String(name))
  }

  /** @param {unknown} data */
  async deleteFile (data) {
    this.#assertOn('Conversation session has ended, start a new session to delete a file.')
    await this.#session.uploads.delete(idIn(data))
  }

  async fetchHistory () {
    if (!this.#session.connection.live) throw new Error('Not able to fetch history')
    return await this.#session.conversation.showOlder()
  }

  /** A new conversation in place of one that the agent's side has ended, for every connection of the session. */
  async resetConversation () {
    if (!this.#session.conversation.readOnly) throw new Error(RESET_REFUSED)
    const started = this.#session.connection.startNew()
    this.#session.forget()
    this.#session.joins = true
    this.#session.ended = false
    await started
  }

  async clearConversation () {
    if (!this.#conversations.conversationClear?.enabled) {
      throw new Error('Please check your conversation clear option is enabled in your configuration.')
    }
    if (!this.#session.connection.live) throw new Error('There is no active conversation found to clear.')
    await this.#session.connection.request('onMessage', { message: eventMessage({ eventType: 'Presence', presence: { type: 'Clear' } }) })
  }

  /** Ends the session for every tab, and forgets its token: what is said from now on is another session. */
  async clearSession () {
    if (this.#session.connection.configured) {
      await this.#session.connection.request('closeSession', { closeAllConnections: true }).catch(() => {})
    }
    this.#session.stop()
    this.#session.forget()
    this.#session.drop()
    this.#plugin.publish('sessionCleared')
  }

  /** @param {StepUpSignIn} stepUp */
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

  /** Nothing goes on here any more, as the page has asked for; what the service keeps stays there. */
  shutDown () {
    this.#session.stop()
    this.#session.forget()
  }

  #assertIdle () {
    if (!this.#session.connection.idle) throw new Error('There is already an active conversation')
  }

  /** @param {string} otherwise Why there is nothing to say any more. */
  #assertOn (otherwise) {
    if (this.#session.conversation.readOnly || this.#session.ended) throw new Error(otherwise)
  }

  /**
   * Opens a connection where there is none. Nobody waits for it: a failure is published.
   * @param {string} otherwise Why it cannot be had.
   */
  #connect (otherwise) {
    if (this.#auth.required && !this.#auth.authenticated) throw new Error(otherwise)
    if (this.#session.connection.idle) this.start().catch(() => {})
  }
}

/** @param {unknown} data */
function idIn (data) {
  const { id, attachmentId = id } = /** @type {{ id?: unknown, attachmentId?: unknown }} */ (data)
  if (typeof attachmentId !== 'string') throw new Error('There is no id')
  return attachmentId
}
