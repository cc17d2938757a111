// The server ends a session that makes no requests for a while. Whoever reads or chats makes none, and is there all the same.

const INTERVAL = 60_000

/** A person at the page: by pointer, keys or scrolling, or by what other scripts note. */
export class Activity {
  #onActive
  #noted = Date.now()

  /** @param {() => void} onActive called at most once a minute, and never while nothing happens */
  constructor (onActive) {
    this.#onActive = onActive
    for (const type of ['pointerdown', 'pointermove', 'keydown', 'scroll']) {
      document.addEventListener(type, () => this.note(), { capture: true, passive: true })
    }
  }

  note () {
    if (Date.now() - this.#noted < INTERVAL) return
    this.#noted = Date.now()
    this.#onActive()
  }
}
