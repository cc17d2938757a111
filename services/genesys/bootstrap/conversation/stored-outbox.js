import { randomUUID } from '../platform/random-uuid.js'

/** @import { StoredSession } from '../connection/stored-session.js' */
/** @import { LabelledStorage } from '../platform/labelled-storage.js' */
/** @import { GuestMessage } from './structured-message.js' */

/**
 * @typedef {object} StoredItem What of a message outlives the page.
 * @property {string} tracingId
 * @property {GuestMessage} message
 * @property {unknown} [outgoing] The message with the custom attributes attached to it, which have to come again when it is sent again.
 * @property {boolean} sent Handed to a socket; only its echo says that it arrived.
 *
 * @typedef {{ id: string, token: string, items: StoredItem[] }} Stored
 */

const OUTBOX = 'gcmcoutbox'
const LOCK_TIMEOUT_MS = 1000

/** The outbox of this tab over a reload, for the session that it was written in. */
export class StoredOutbox {
  #storage
  #session
  /** @type {string | undefined} */
  #id
  #release = () => {}

  /**
   * @param {LabelledStorage} storage Of this tab.
   * @param {StoredSession} session
   */
  constructor (storage, session) {
    this.#storage = storage
    this.#session = session
  }

  /** @param {StoredItem[]} items */
  store (items) {
    const token = this.#session.used
    if (items.length === 0 || token === undefined) return this.drop()
    const id = this.#id ?? randomUUID()
    if (this.#id === undefined) this.#own(id)
    const stored = items.map(({ tracingId, message, outgoing, sent }) => ({ tracingId, message, outgoing, sent }))
    this.#storage.set(OUTBOX, JSON.stringify({ id, token, items: stored }))
  }

  /** @returns {Promise<StoredItem[]>} What the page before this one has left in this tab. */
  async take () {
    const stored = this.#id === undefined ? this.#read() : undefined
    if (!stored) return []
    if (stored.token === this.#session.used && await this.#own(stored.id)) return stored.items
    this.drop()
    return []
  }

  drop () {
    this.#storage.remove(OUTBOX)
    this.#id = undefined
    this.#release()
  }

  /**
   * A tab that was duplicated has a copy of the outbox of a page that still lives, and would send everything twice.
   * @param {string} id
   * @returns {Promise<boolean>} False when another page does not let go of it.
   */
  #own (id) {
    this.#id = id
    const { locks } = navigator
    // Only where the page is secure; better to say something twice than not at all.
    if (!locks) return Promise.resolve(true)
    /** @type {PromiseWithResolvers<boolean>} */
    const { promise, resolve: owned } = Promise.withResolvers()
    locks.request(`${OUTBOX}:${id}`, { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }, async () => {
      owned(true)
      // Emptied again in the meantime.
      if (this.#id !== id) return
      await new Promise((resolve) => { this.#release = () => resolve(undefined) })
    }).catch(() => owned(false))
    return promise
  }

  /** @returns {Stored | undefined} */
  #read () {
    try {
      return JSON.parse(this.#storage.get(OUTBOX) ?? '') ?? undefined
    } catch {
      return undefined
    }
  }
}
