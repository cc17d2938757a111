import { randomUUID } from '../platform/random-uuid.js'

/** @import { StoredItem, StoredOutbox } from './stored-outbox.js' */
/** @import { StructuredMessage, WrittenMessage } from './structured-message.js' */

/**
 * @typedef {StoredItem & {
 *   announced?: boolean,
 *   reauthorised: boolean,
 *   resolve: (echo: StructuredMessage) => void,
 *   reject: (error: Error) => void
 * }} OutboxItem `announced` once the page has been told of it.
 */

/** What the person has written and the service has not yet echoed, in order. */
export class Outbox {
  /** @type {OutboxItem[]} */
  #items = []
  #stored

  /** @param {StoredOutbox} stored */
  constructor (stored) {
    this.#stored = stored
  }

  /** @param {WrittenMessage} content */
  add ({ metadata, ...content }) {
    const message = { metadata: { id: randomUUID(), ...metadata }, ...content }
    const { item, promise } = newItem({ tracingId: randomUUID(), message, sent: false })
    this.#change([...this.#items, item])
    return { item, promise }
  }

  /** Puts what an earlier page of this tab has left before everything else. */
  async restore () {
    const restored = (await this.#stored.take()).map((stored) => {
      const { item, promise } = newItem(stored)
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
    this.#stored.store(this.#items)
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
    this.#stored.drop()
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
    this.#stored.store(items)
  }
}

/** @param {StoredItem} stored */
function newItem (stored) {
  /** @type {PromiseWithResolvers<StructuredMessage>} */
  const { promise, resolve, reject } = Promise.withResolvers()
  /** @type {OutboxItem} */
  const item = { ...stored, reauthorised: false, resolve, reject }
  return { item, promise }
}
