import { CustomAttributes } from './custom-attributes.js'
import { eventMessage, isConnectionLoss, refusesIdentity } from './guest-messages.js'
import { patiently } from './rate-limits.js'

/** @import { Connection } from './connection.js' */
/** @import { FrameError } from './guest-socket.js' */
/** @import { Conversation } from './conversation.js' */
/** @import { OutboxItem } from './outbox.js' */
/** @import { Plugin, StructuredMessage } from './types.js' */

/** Takes the messages from the outbox to the service. */
export class Sender {
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

  /** @param {import('./types.js').MessageEvent} event Nobody waits for it, and a lost one is no loss. */
  sendEvent (event) {
    this.#connection.request('onMessage', { message: eventMessage(event) }).catch(() => {})
  }

  /** The agent's side hears that the guest is there. */
  join () {
    const { signal } = this.#connection
    const message = eventMessage({ eventType: 'Presence', presence: { type: 'Join' } })
    return patiently(() => this.#connection.request('onMessage', { message }), signal)
  }

  /** @param {OutboxItem} item */
  async #transmit (item) {
    const { signal } = this.#connection
    const { outbox } = this.#conversation
    try {
      item.outgoing ??= this.#attributes.ride(item.message)
      outbox.mark(item, true)
      const { body } = await patiently(
        () => this.#connection.request('onMessage', { message: item.outgoing }, item.tracingId), signal)
      this.#conversation.deliver(/** @type {StructuredMessage} */ (body), item.tracingId)
    } catch (error) {
      // It stays in the outbox until history tells whether it arrived.
      if (signal.aborted || isConnectionLoss(error)) return
      if (this.#connection.authenticated && refusesIdentity(error) && !item.reauthorised) {
        item.reauthorised = true
        await this.#connection.reauthorise()
      } else {
        // What rode on it rides on the next.
        this.#attributes.forget()
        this.#conversation.fail(item, /** @type {FrameError} */ (error))
        this.#refused(/** @type {FrameError} */ (error))
      }
    }
  }
}
