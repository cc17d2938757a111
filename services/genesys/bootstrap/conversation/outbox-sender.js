import { isConnectionLoss, isIdentityRefusal } from '../connection/frames.js'
import { retryWhenRateLimited } from '../connection/rate-limit-retry.js'
import { randomUUID } from '../platform/random-uuid.js'
import { CustomAttributes } from './custom-attributes.js'
import { eventMessage } from './structured-message.js'

/** @import { Connection } from '../connection/connection.js' */
/** @import { FrameError } from '../connection/frames.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */
/** @import { Conversation } from './conversation.js' */
/** @import { OutboxItem } from './outbox.js' */
/** @import { StructuredMessage } from './structured-message.js' */

/** Takes the messages from the outbox to the service. */
export class OutboxSender {
  #plugin
  #connection
  #conversation
  #refused
  #attributes
  #flushing = false

  /**
   * @param {Plugin} plugin
   * @param {Connection} connection
   * @param {Conversation} conversation
   * @param {(error: FrameError) => void} refused A refusal may say more about the session than about the message.
   */
  constructor (plugin, connection, conversation, refused) {
    this.#plugin = plugin
    this.#connection = connection
    this.#conversation = conversation
    this.#refused = refused
    this.#attributes = new CustomAttributes(plugin)
  }

  /** Hands over one message after the other, so that they arrive in the order of writing. */
  async flush () {
    if (this.#flushing) return
    this.#flushing = true
    const { outbox } = this.#conversation
    if (this.#connection.live) this.#conversation.announceWaiting()
    for (let item = outbox.next(); item && this.#connection.live; item = outbox.next()) {
      await this.#transmit(item)
    }
    this.#flushing = false
  }

  /** After an interruption: history has shown what arrived, the rest goes again. */
  resume () {
    this.#conversation.outbox.resend()
    this.flush()
  }

  /** The next conversation knows nothing of what this one was told. */
  forget () {
    this.#attributes.forget()
  }

  /** The agent's side hears that the guest is there. */
  join () {
    const { signal } = this.#connection
    const join = { ...eventMessage({ eventType: 'Presence', presence: { type: 'Join' } }), metadata: { id: randomUUID() } }
    const message = this.#attributes.attachTo(join)
    const tracingId = randomUUID()
    this.#plugin.publish('sendingMessage', { message: { ...message, tracingId } })
    return retryWhenRateLimited(() => this.#connection.request('onMessage', { message }, tracingId), signal).catch((error) => {
      // What was attached to it goes with the next.
      this.#attributes.forget()
      throw error
    })
  }

  /** @param {OutboxItem} item */
  async #transmit (item) {
    const { signal } = this.#connection
    const { outbox } = this.#conversation
    try {
      item.outgoing ??= this.#attributes.attachTo(item.message)
      outbox.mark(item, true)
      const { body } = await retryWhenRateLimited(
        () => this.#connection.request('onMessage', { message: item.outgoing }, item.tracingId), signal)
      this.#conversation.deliver(/** @type {StructuredMessage} */ (body), item.tracingId)
    } catch (error) {
      // It stays in the outbox until history tells whether it arrived.
      if (signal.aborted || isConnectionLoss(error)) return
      if (this.#connection.authenticated && isIdentityRefusal(error) && !item.reauthorised) {
        item.reauthorised = true
        await this.#connection.reauthorise()
      } else {
        // What was attached to it goes with the next.
        this.#attributes.forget()
        this.#conversation.fail(item, /** @type {FrameError} */ (error))
        this.#refused(/** @type {FrameError} */ (error))
      }
    }
  }
}
