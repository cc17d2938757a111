import { isConnectionLoss } from './guest-messages.js'
import { FrameError } from './guest-socket.js'
import { History } from './history.js'
import { Outbox } from './outbox.js'
import { RestError } from './rest.js'

/** @import { Connection } from './connection.js' */
/** @import { GuestMessage, OutboxItem } from './outbox.js' */
/** @import { Plugin, PluginContext, StructuredMessage } from './types.js' */

/** What is said on both sides: each message is published once, whether it comes as a push, an echo or from history. */
export class Conversation {
  #plugin
  #context
  #connection
  #history
  outbox = new Outbox()
  readOnly = false

  /**
   * @param {Plugin} plugin
   * @param {PluginContext} context
   * @param {Connection} connection
   */
  constructor (plugin, context, connection) {
    this.#plugin = plugin
    this.#context = context
    this.#connection = connection
    this.#history = this.#newHistory()
  }

  /** @param {Pick<GuestMessage, 'type' | 'text' | 'content'>} content */
  write (content) {
    const { item, promise } = this.outbox.add(content)
    this.#plugin.publish('sendingMessage', {
      message: { ...item.message, tracingId: item.tracingId, time: new Date().toISOString() }
    })
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

  async showOlder () {
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
    const { showAgentTypingIndicator } = this.#context.config.messenger.apps.conversations
    for (const { typing, presence } of message.events ?? []) {
      if (typing && showAgentTypingIndicator !== false) this.#plugin.publish('typingReceived', { typing, from: message.channel?.from })
      if (presence?.type === 'Disconnect') {
        this.readOnly = message.metadata?.readOnly === 'true'
        this.#plugin.publish('conversationDisconnected', { message, readOnly: this.readOnly })
        if (this.readOnly) this.#plugin.publish('readOnlyConversation')
      }
    }
  }

  /**
   * @param {StructuredMessage} message
   * @param {string | undefined} tracingId
   */
  deliver (message, tracingId) {
    if (!this.#history.add(message)) return
    const claimed = message.direction === 'Inbound' ? this.outbox.claim(message, tracingId)?.tracingId : undefined
    this.#plugin.publish('messagesReceived', { messages: [{ ...message, tracingId: claimed ?? tracingId }] })
  }

  /** The next conversation may be someone else's. */
  forget () {
    this.#history = this.#newHistory()
    for (const { reject } of this.outbox.clear()) reject(new Error('The conversation has ended'))
    for (const event of ['restoring', 'restored', 'started']) this.#plugin.retract(event)
  }

  async #restore () {
    const history = this.#history
    this.#plugin.republish('restored', await history.latest())
    if (history.complete) this.#plugin.publish('historyComplete')
  }

  async #catchUp () {
    for (const message of await this.#history.missed()) {
      this.deliver(message, this.outbox.claimFromHistory(message)?.tracingId)
    }
  }

  #newHistory () {
    return new History(this.#context.config.apiEndpoint, this.#connection, this.outbox)
  }
}
