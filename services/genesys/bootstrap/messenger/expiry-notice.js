import { expiresSoon } from './window/notice-texts.js'

/** @import { WindowState } from './window/window-state.js' */

const UPDATE_INTERVAL_MS = 10_000

/** Says how long the chat still lasts when nobody writes. */
export class ExpiryNotice {
  #state
  #timer = 0
  #expirationDate = 0

  /** @param {WindowState} state */
  constructor (state) {
    this.#state = state
  }

  /** @param {number} expirationDate Milliseconds. */
  warn (expirationDate) {
    clearTimeout(this.#timer)
    this.#expirationDate = expirationDate
    const left = expirationDate - Date.now()
    // What comes then, the service says.
    if (left <= 0) return this.settle()
    this.#state.show({ expiry: expiresSoon(left) })
    this.#timer = setTimeout(() => this.warn(expirationDate), UPDATE_INTERVAL_MS)
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
