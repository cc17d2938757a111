import { expiresSoon } from './words.js'

/** @import { WindowState } from './window-state.js' */

const UPDATED_EVERY = 10_000

/** Says how long the chat still lasts when nobody writes. */
export class Expiry {
  #state
  #timer = 0
  #expirationDate = 0

  /** @param {WindowState} state */
  constructor (state) {
    this.#state = state
  }

  /** @param {number} expirationDate In seconds, as on the wire. */
  warn (expirationDate) {
    clearTimeout(this.#timer)
    this.#expirationDate = expirationDate
    const left = expirationDate * 1000 - Date.now()
    // What comes then, the service says.
    if (left <= 0) return this.settle()
    this.#state.show({ expiry: expiresSoon(left) })
    this.#timer = setTimeout(() => this.warn(expirationDate), UPDATED_EVERY)
  }

  /** @param {number} expirationDate */
  update (expirationDate) {
    if (expirationDate > this.#expirationDate) this.settle()
  }

  settle () {
    clearTimeout(this.#timer)
    this.#state.show({ expiry: undefined })
  }
}
