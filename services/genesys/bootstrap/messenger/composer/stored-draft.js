/** @import { LabelledStorage } from '../../platform/labelled-storage.js' */
/** @import { Composer } from './composer.js' */

const DRAFT = 'gcmcdraft'

/** Keeps what is half written over a reload of the page, in this tab alone. */
export class StoredDraft {
  #storage
  #composer

  /**
   * @param {LabelledStorage} storage
   * @param {Composer} composer
   */
  constructor (storage, composer) {
    this.#storage = storage
    this.#composer = composer
  }

  /** @param {string} text */
  keep (text) {
    if (text === '') this.#storage.remove(DRAFT)
    else this.#storage.set(DRAFT, text)
  }

  /** Only once the conversation has turned out to be one that goes on: another one may be another person's. */
  restore () {
    const text = this.#storage.get(DRAFT)
    if (text && this.#composer.empty) this.#composer.setText(text)
  }

  /** A new conversation knows no draft but what has been written on this page. */
  begin () {
    if (this.#composer.empty) this.keep('')
  }

  clear () {
    this.keep('')
    this.#composer.setText('')
  }
}
