/** @import { OutboxItem } from './outbox.js' */
/** @import { StoredSession } from './stored-session.js' */
/** @import { LabelledStorage } from './storage.js' */

/** @typedef {Pick<OutboxItem, 'tracingId' | 'message' | 'outgoing' | 'sent'>} KeptItem */
/** @typedef {{ id: string, token: string, items: KeptItem[] }} Kept */

// Not documented; our choice.
const OUTBOX = 'gcmcoutbox'
const PATIENCE = 1000

/** The outbox of this tab over a reload, for the session that it was written in. */
export class KeptOutbox {
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

  /** @param {OutboxItem[]} items */
  keep (items) {
    const token = this.#session.used
    if (items.length === 0 || token === undefined) return this.drop()
    const id = this.#id ?? crypto.randomUUID()
    if (this.#id === undefined) this.#own(id)
    const kept = items.map(({ tracingId, message, outgoing, sent }) => ({ tracingId, message, outgoing, sent }))
    this.#storage.set(OUTBOX, JSON.stringify({ id, token, items: kept }))
  }

  /** @returns {Promise<KeptItem[]>} What the page before this one has left in this tab. */
  async take () {
    const kept = this.#id === undefined ? this.#read() : undefined
    if (!kept) return []
    if (kept.token === this.#session.used && await this.#own(kept.id)) return kept.items
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
    locks.request(`${OUTBOX}:${id}`, { signal: AbortSignal.timeout(PATIENCE) }, async () => {
      owned(true)
      // Emptied again in the meantime.
      if (this.#id !== id) return
      await new Promise((resolve) => { this.#release = () => resolve(undefined) })
    }).catch(() => owned(false))
    return promise
  }

  /** @returns {Kept | undefined} */
  #read () {
    try {
      return JSON.parse(this.#storage.get(OUTBOX) ?? '') ?? undefined
    } catch {
      return undefined
    }
  }
}
