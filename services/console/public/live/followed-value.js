import { find } from '../elements.js'

/** @typedef {{ name: string, same: string }} Followed */

/** The value whose every place is lit: the one that is pointed at, and otherwise the one that is pinned. */
export class FollowedValue {
  #place = find('.follow', HTMLElement)
  #unpin = find('.follow button', HTMLButtonElement)
  #onChanged
  /** @type {Followed | undefined} */
  #pinned
  /** @type {Followed | undefined} */
  #pointedAt

  /** @param {(same: string | undefined) => void} onChanged */
  constructor (onChanged) {
    this.#onChanged = onChanged
    this.#unpin.addEventListener('click', () => this.pin(undefined))
  }

  get same () {
    return (this.#pointedAt ?? this.#pinned)?.same
  }

  /** @param {Followed | undefined} value */
  pointAt (value) {
    this.#pointedAt = value
    this.#onChanged(this.same)
  }

  /**
   * Have it stay lit; not any more if it is the same again, or none.
   * @param {Followed | undefined} value
   */
  pin (value) {
    this.#pinned = this.#pinned?.same === value?.same ? undefined : value
    this.#place.hidden = this.#pinned === undefined
    this.#unpin.textContent = `${this.#pinned?.name ?? ''} ✕`
    this.#unpin.setAttribute('aria-label', `Do not follow ${this.#pinned?.name ?? ''} any more`)
    this.#onChanged(this.same)
  }
}
