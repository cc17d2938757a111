import { isConnectionLoss, isSaid } from './guest-messages.js'
import { FrameError } from './guest-socket.js'
import { History } from './history.js'
import { Outbox } from './outbox.js'
import { RestError } from './rest.js'

/** @import { Connection } from './connection.js' */
/** @import { KeptOutbox } from './kept-outbox.js' */
/** @import { GuestMessage, OutboxItem } from './outbox.js' */
/** @import { SessionClock } from './session-clock.js' */
/** @import { Typing } from './typing.js' */
/** @import { Plugin, PluginContext, StructuredMessage } from './types.js' */

/** @typedef {{ connection: Connection, clock: SessionClock, typing: Typing, keptOutbox: KeptOutbox }} Parts */

/** What is said on both sides: each message is published once, whether it comes as a push, an echo or from history. */
export class Conversation {
  #plugin
  #context
  #connection
  #clock
  #typing
  #history
  /** @type {Promise<void> | undefined} */
  #older
  outbox
  readOnly = false

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Parts} parts
   */
  constructor (plugin, context, { connection, clock, typing, keptOutbox }) {
    this.#plugin = plugin
    this.#context = context
    this.#connection = connection
    this.#clock = clock
    this.#typing = typing
    this.outbox = new Outbox(keptOutbox)
    this.#history = this.#newHistory()
  }

  /** @param {Pick<GuestMessage, 'type' | 'text' | 'content'>} content */
  write (content) {
    const { item, promise } = this.outbox.add(content)
    this.#announce(item)
    return promise
  }

  /**
   * @param {OutboxItem} item
   * @param {FrameError} error
   */
  fail (item, { code, message }) {
    this.outbox.discard(item)
    item.reject(new Error(message))
    this.#plugin.publish('error', { error: { code, body: message, errorKey: 'messageFailed', tracingId: item.tracingId } })
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
      const code = error instanceof RestError ? error.status : 0
      this.#plugin.publish('error', { error: { code, body: 'Unable to fetch history', errorKey: 'historyUnavailable' } })
      // What was under way may have arrived; sending it again could say it twice.
      for (const item of this.outbox.unconfirmed) this.fail(item, new FrameError(0, 'Delivery could not be confirmed'))
    }
  }

  /** Who asks while a page is under way gets that one. */
  showOlder () {
    this.#older ??= this.#showOlder().finally(() => { this.#older = undefined })
    return this.#older
  }

  async #showOlder () {
    const history = this.#history
    if (history.complete) throw new Error('All the messages are fetched')
    let page
    try {
      page = await history.older()
    } catch {
      throw new Error('Unable to fetch history')
    }
    this.#plugin.publish('oldMessages', page)
    if (history.complete) this.#plugin.publish('historyComplete')
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  receive (message, tracingId) {
    // The guest's own presence is passed on as well, since it names the person; not documented, our choice.
    const ownPresence = message.direction === 'Inbound' && message.events?.some(({ presence }) => presence)
    if (message.type !== 'Event' || ownPresence) return this.deliver(message, tracingId)
    if (message.direction !== 'Outbound') return
    for (const { typing, presence } of message.events ?? []) {
      if (typing) this.#typing.received(typing, message.channel?.from)
      if (presence?.type === 'Disconnect') this.#disconnected(message)
    }
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  deliver (message, tracingId) {
    if (!this.#history.add(message)) return
    if (message.direction === 'Outbound') this.#typing.answered()
    if (isSaid(message)) this.#clock.extend(message.channel?.time)
    const claimed = message.direction === 'Inbound' ? this.outbox.claim(message, tracingId)?.tracingId : undefined
    this.#plugin.publish('messagesReceived', { messages: [{ ...message, tracingId: claimed ?? tracingId }] })
  }

  /** Fresh addresses for the files of the conversation. */
  async refresh () {
    const messages = (await this.#history.again()).filter(({ content }) => content?.some(({ attachment }) => attachment))
    this.#plugin.publish('messagesUpdated', { messages })
    return { messages }
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
    this.#plugin.republish('restored', await history.latest())
    if (history.complete) this.#plugin.publish('historyComplete')
    for (const item of this.outbox.items) this.#announce(item)
  }

  async #catchUp () {
    for (const message of await this.#history.missed()) {
      this.deliver(message, this.outbox.claimFromHistory(message)?.tracingId)
    }
  }

  /** @param {OutboxItem} item */
  #announce ({ message, tracingId }) {
    this.#plugin.publish('sendingMessage', { message: { ...message, tracingId, time: new Date().toISOString() } })
  }

  /** @param {StructuredMessage} message */
  #disconnected (message) {
    this.readOnly = message.metadata?.readOnly === 'true'
    this.#plugin.publish('conversationDisconnected', { message, readOnly: this.readOnly })
    if (this.readOnly) this.#plugin.publish('readOnlyConversation')
  }

  #newHistory () {
    return new History(this.#context.config.apiEndpoint, this.#connection, this.outbox)
  }
}
