/** @import { KeptItem, KeptOutbox } from './kept-outbox.js' */
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
  #kept

  /** @param {KeptOutbox} kept */
  constructor (kept) {
    this.#kept = kept
  }

  /** @param {Pick<GuestMessage, 'type' | 'text' | 'content'>} content */
  add (content) {
    const message = { metadata: { id: crypto.randomUUID() }, ...content }
    const { item, promise } = newItem({ tracingId: crypto.randomUUID(), message, sent: false })
    this.#change([...this.#items, item])
    return { item, promise }
  }

  /** Puts what an earlier page of this tab has left before everything else. */
  async restore () {
    const restored = (await this.#kept.take()).map((kept) => {
      const { item, promise } = newItem(kept)
      // Who waited for it was on that page.
      promise.catch(() => {})
      return item
    })
    if (restored.length > 0) this.#change([...restored, ...this.#items])
  }

  get items () {
    return [...this.#items]
  }

  next () {
    return this.#items.find((item) => !item.sent)
  }

  /**
   * @param {OutboxItem} item
   * @param {boolean} sent
   */
  mark (item, sent) {
    item.sent = sent
    this.#kept.keep(this.#items)
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
   * As `claim`, for history, which carries no tracing ids; where it has lost the metadata the text has to do.
   * @param {StructuredMessage} message
   */
  claimFromHistory (message) {
    const known = this.claim(message, undefined)
    if (known || message.metadata?.id !== undefined) return known
    const item = this.#items.find(({ sent, message: { text } }) => sent && text !== undefined && text === message.text)
    if (item) this.#settle(item, message)
    return item
  }

  /** @param {OutboxItem} item */
  discard (item) {
    this.#change(this.#items.filter((other) => other !== item))
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
    const items = this.#items
    this.#items = []
    this.#kept.drop()
    return items
  }

  /**
   * @param {OutboxItem} item
   * @param {StructuredMessage} echo
   */
  #settle (item, echo) {
    this.discard(item)
    item.resolve(echo)
  }

  /** @param {OutboxItem[]} items */
  #change (items) {
    this.#items = items
    this.#kept.keep(items)
  }
}

/** @param {KeptItem} kept */
function newItem (kept) {
  /** @type {PromiseWithResolvers<StructuredMessage>} */
  const { promise, resolve, reject } = Promise.withResolvers()
  /** @type {OutboxItem} */
  const item = { ...kept, reauthorised: false, resolve, reject }
  return { item, promise }
}
