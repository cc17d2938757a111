import { FrameError, isConnectionLoss } from '../connection/frames.js'
import { messagingErrorOf } from '../connection/messaging-errors.js'
import { RestError } from '../platform/rest-api.js'
import { formatMessage, formatTyping } from './formatted-messages.js'
import { History } from './history.js'
import { Outbox } from './outbox.js'
import { isSaid } from './structured-message.js'
import { describeReply } from './structured-replies.js'

/** @import { Connection } from '../connection/connection.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { HistoryPage } from './history.js' */
/** @import { OutboxItem } from './outbox.js' */
/** @import { StoredOutbox } from './stored-outbox.js' */
/** @import { StructuredMessage, WrittenMessage } from './structured-message.js' */
/** @import { TypingIndicator } from './typing-indicator.js' */

/**
 * @typedef {object} Parts
 * @property {Connection} connection
 * @property {(time: string | undefined) => void} extendSession Each message does, whoever has said it.
 * @property {TypingIndicator} typing
 * @property {StoredOutbox} storedOutbox
 */

/** What is said on both sides: each message is published once, whether it comes as a push, an echo or from history. */
export class Conversation {
  #plugin
  #context
  #connection
  #extendSession
  #typing
  #history
  /** @type {Promise<unknown> | undefined} */
  #older
  outbox
  readOnly = false

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Parts} parts
   */
  constructor (plugin, context, { connection, extendSession, typing, storedOutbox }) {
    this.#plugin = plugin
    this.#context = context
    this.#connection = connection
    this.#extendSession = extendSession
    this.#typing = typing
    this.outbox = new Outbox(storedOutbox)
    this.#history = this.#newHistory()
  }

  /** @param {WrittenMessage} content */
  write (content) {
    const { item, promise } = this.outbox.add(content)
    // What becomes of it is told by events.
    promise.catch(() => {})
    // Without a connection it is announced once there is one, with which a conversation may begin.
    if (this.#connection.configured) this.#announce(item)
  }

  /** What has been written before there was a connection is under way now. */
  announceWaiting () {
    for (const item of this.outbox.items) if (!item.announced) this.#announce(item)
  }

  /**
   * @param {OutboxItem} item
   * @param {FrameError} error
   */
  fail (item, error) {
    this.outbox.discard(item)
    item.reject(new Error(error.message))
    this.#plugin.publish('error', messagingErrorOf(error, 'messageFailed', item.tracingId))
  }

  /**
   * Brings the conversation up to date from its history.
   * @param {boolean} resumed
   */
  async takeUp (resumed) {
    const { signal } = this.#connection
    try {
      if (resumed) await this.#catchUp()
      else await this.#restore()
    } catch (error) {
      if (signal.aborted || isConnectionLoss(error)) throw error
      this.#plugin.publish('error', historyError(error))
      // What was under way may have arrived; sending it again could say it twice.
      for (const item of this.outbox.unconfirmed) this.fail(item, new FrameError(0, 'Delivery could not be confirmed'))
    }
  }

  /**
   * Single flight: who asks while a page is under way gets that one.
   * @returns {Promise<unknown>} The page, or that there are no more.
   */
  showOlder () {
    const older = this.#older ?? this.#showOlder().finally(() => { this.#older = undefined })
    this.#older = older
    return older
  }

  async #showOlder () {
    const history = this.#history
    if (history.complete) return 'All the messages are fetched'
    let page
    try {
      page = this.#formatPage(await history.older())
    } catch (error) {
      this.#plugin.publish('error', historyError(error))
      throw new Error('Unable to fetch history')
    }
    this.#plugin.publish('oldMessages', page)
    if (history.complete) this.#plugin.publish('historyComplete')
    return page
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  receive (message, tracingId) {
    const { events = [] } = message
    for (const { typing } of events) {
      if (typing && message.direction === 'Outbound') this.#typing.received(formatTyping(message, typing))
    }
    if (events.some(({ presence }) => presence?.type === 'Disconnect')) this.#disconnected(message)
    if (message.type !== 'Event' || events.some(({ presence }) => presence)) this.deliver(message, tracingId)
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  deliver (message, tracingId) {
    if (!this.#history.add(message)) return
    if (message.direction === 'Outbound') this.#typing.answered()
    if (isSaid(message)) this.#extendSession(message.channel?.time)
    const claimed = message.direction === 'Inbound' ? this.outbox.claim(message, tracingId)?.tracingId : undefined
    const received = { ...message, tracingId: claimed ?? tracingId }
    const reply = describeReply(message)
    if (!reply) return this.#plugin.publish('messagesReceived', { messages: [received] })
    const consumed = { state: 'consumed', updatedTime: new Date().toISOString() }
    const original = this.#history.find(reply.original)
    this.#plugin.publish('messagesReceived', { messages: [{ ...received, ...consumed }] })
    if (original) this.#plugin.publish('repliedMessage', reply.data)
    this.#plugin.publish('messagesUpdated', { updatedMessages: original ? [formatMessage({ ...original, ...consumed })] : [] })
  }

  /** Fresh addresses for all files of the conversation. */
  async refreshFiles () {
    await this.#history.refresh()
    this.#plugin.publish('messagesUpdated', { updatedMessages: this.#messagesWithFiles().map((message) => formatMessage(message)) })
  }

  /**
   * A fresh address of one file: the page gets all messages with files, of which one is new.
   * @param {string} attachmentId
   * @param {string} downloadUrl
   */
  updateFile (attachmentId, downloadUrl) {
    const updatedTime = new Date().toISOString()
    for (const { content = [] } of this.#messagesWithFiles()) {
      for (const { attachment } of content) if (attachment?.id === attachmentId) attachment.url = downloadUrl
    }
    const updatedMessages = this.#messagesWithFiles().map((message) => {
      const { files, ...formatted } = formatMessage(message)
      const dated = files.map((file) => file.id === attachmentId ? { ...file, updatedTime } : file)
      return { ...formatted, files: dated, updatedTime }
    })
    const viewFiles = { attachmentId, newDownloadUrl: downloadUrl, updatedTime }
    this.#plugin.publish('messagesUpdated', { viewFiles, updatedMessages })
  }

  /**
   * Nothing more can be said here.
   * @param {FrameError} reason
   */
  end (reason) {
    for (const item of this.outbox.items) this.fail(item, reason)
  }

  /** The next conversation may be someone else's. */
  forget () {
    this.#history = this.#newHistory()
    for (const { reject } of this.outbox.clear()) reject(new Error('The conversation has ended'))
    for (const event of ['restoring', 'restored', 'started']) this.#plugin.retract(event)
  }

  async #restore () {
    const history = this.#history
    await this.outbox.restore()
    this.#connection.signal.throwIfAborted()
    this.#plugin.republish('restored', this.#formatPage(await history.latest()))
    if (history.complete) this.#plugin.publish('historyComplete')
    for (const item of this.outbox.items) this.#announce(item)
  }

  async #catchUp () {
    for (const message of await this.#history.missed()) {
      this.deliver(message, this.outbox.claimFromHistory(message)?.tracingId)
    }
  }

  /** @param {OutboxItem} item */
  #announce (item) {
    item.announced = true
    this.#plugin.publish('sendingMessage', { message: { ...item.message, tracingId: item.tracingId } })
  }

  /** @param {Pick<HistoryPage, 'pageNumber' | 'pageSize'> & { messages: StructuredMessage[] }} page */
  #formatPage ({ messages, ...page }) {
    const answered = new Set(this.#history.messages.map((message) => describeReply(message)?.original))
    const format = (/** @type {StructuredMessage} */ message) => {
      const isAnswered = answered.has(message.id ?? '') || answered.has(message.channel?.messageId ?? '')
      return formatMessage(isAnswered ? { ...message, state: 'consumed' } : message)
    }
    return { messages: messages.map(format), ...page }
  }

  #messagesWithFiles () {
    return this.#history.messages.filter(({ content }) => content?.some(({ attachment }) => attachment))
  }

  /** @param {StructuredMessage} message */
  #disconnected (message) {
    this.readOnly = message.metadata?.readOnly === 'true'
    this.#plugin.publish('conversationDisconnected', { message, readOnly: this.readOnly })
    if (this.readOnly) this.#plugin.publish('readOnlyConversation', message)
  }

  #newHistory () {
    return new History(this.#context.config.apiEndpoint, this.#connection, this.outbox)
  }
}

/** @param {unknown} error */
function historyError (error) {
  const code = error instanceof RestError ? error.status : 0
  return messagingErrorOf(new FrameError(code, 'Unable to fetch history'), 'historyUnavailable')
}
