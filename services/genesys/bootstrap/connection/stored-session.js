import { randomUUID } from '../platform/random-uuid.js'

/** @import { LabelledStorage } from '../platform/labelled-storage.js' */

const ACTIVE = 'gcmcsessionActive'
const TOKEN = 'gcmcsessionToken'

/** The guest session of this browser, which all its tabs share. */
export class StoredSession {
  #storage
  /** @type {string | undefined} */
  #used

  /** @param {LabelledStorage} storage */
  constructor (storage) {
    this.#storage = storage
  }

  /** An earlier page has left a conversation open. */
  get active () {
    return this.#storage.get(ACTIVE) === 'true'
  }

  /** The token that this page has used last. */
  get used () {
    return this.#used
  }

  token () {
    const stored = this.#storage.get(TOKEN)
    this.#used = stored ?? randomUUID()
    // Never written back: another tab may just have dropped it, which storage tells this one a moment later.
    if (stored === null) this.#storage.set(TOKEN, this.#used)
    return this.#used
  }

  activate () {
    this.#storage.set(ACTIVE, 'true')
  }

  /** Drops what this page has used; another tab may have begun the next session already. */
  dropUsed () {
    if (this.#storage.get(TOKEN) === this.#used) this.drop()
  }

  drop () {
    this.#storage.remove(TOKEN)
    this.#storage.remove(ACTIVE)
  }
}
