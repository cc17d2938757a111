/** @import { StructuredMessage } from './types.js' */

/**
 * @typedef {object} GuestMessage
 * @property {'Text' | 'Structured'} type
 * @property {string} [text]
 * @property {unknown[]} [content]
 * @property {{ id: string }} metadata
 *
 * @typedef {object} OutboxItem
 * @property {string} tracingId
 * @property {GuestMessage} message
 * @property {unknown} [outgoing] The message with what rides on it, which has to come again when it is sent again.
 * @property {boolean} sent Handed to a socket; only its echo says that it arrived.
 * @property {boolean} reauthorised
 * @property {(echo: StructuredMessage) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** What the person has written and the service has not yet echoed, in order. */
export class Outbox {
  /** @type {OutboxItem[]} */
  #items = []

  /** @param {Pick<GuestMessage, 'type' | 'text' | 'content'>} content */
  add (content) {
    /** @type {PromiseWithResolvers<StructuredMessage>} */
    const { promise, resolve, reject } = Promise.withResolvers()
    const message = { metadata: { id: crypto.randomUUID() }, ...content }
    /** @type {OutboxItem} */
    const item = { tracingId: crypto.randomUUID(), message, sent: false, reauthorised: false, resolve, reject }
    this.#items.push(item)
    return { item, promise }
  }

  next () {
    return this.#items.find((item) => !item.sent)
  }

  /**
   * Takes the item that this message is the echo of.
   * @param {StructuredMessage} echo
   * @param {string | undefined} tracingId
   */
  claim (echo, tracingId) {
    const item = this.#items.find((item) => item.tracingId === tracingId || item.message.metadata.id === echo.metadata?.id)
    if (item) this.#settle(item, echo)
    return item
  }

  /**
   * As `claim`, for history, which carries no tracing ids and may have lost the metadata.
   * @param {StructuredMessage} message
   */
  claimFromHistory (message) {
    const known = this.claim(message, undefined)
    if (known) return known
    const item = this.#items.find((item) => item.sent && item.message.text === message.text)
    if (item) this.#settle(item, message)
    return item
  }

  /** @param {OutboxItem} item */
  discard (item) {
    this.#items = this.#items.filter((other) => other !== item)
  }

  /** Under way when the connection was lost. */
  get unconfirmed () {
    return this.#items.filter(({ sent }) => sent)
  }

  resend () {
    for (const item of this.#items) item.sent = false
  }

  /** Empties the outbox and returns what was in it. */
  clear () {
    return this.#items.splice(0)
  }

  /**
   * @param {OutboxItem} item
   * @param {StructuredMessage} echo
   */
  #settle (item, echo) {
    this.discard(item)
    item.resolve(echo)
  }
}
