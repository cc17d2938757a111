import { find } from '../elements.js'

/** @import { Message } from '../types.js' */
/** @import { Journey } from './journey.js' */

/** A wait is replayed for no longer than this. */
const maxWaitMs = 1_000
/** Where each message takes its time alike. */
const byMessageMs = 700

/**
 * Has a journey happen again: by steps, by a slider, or as time went by. As long as all of it has happened, what comes in is shown at
 * once.
 */
export class Replay {
  #place = find('.replay', HTMLElement)
  #slider = find('.replay input[type=range]', HTMLInputElement)
  #position = find('.position', HTMLElement)
  #speed = find('.replay select', HTMLSelectElement)
  #play = find('.replay .play', HTMLButtonElement)
  #onReached
  /** @type {Journey | undefined} */
  #journey
  #reached = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #playing

  /** @param {(reached: number, message: Message | undefined) => void} onReached how many messages have happened, and the last of them */
  constructor (onReached) {
    this.#onReached = onReached
    const actions = { first: () => this.#go(1), back: () => this.step(-1), play: () => this.toggle(), forth: () => this.step(1), last: () => this.#go(this.#length) }
    for (const [name, act] of Object.entries(actions)) find(`.replay .${name}`, HTMLButtonElement).addEventListener('click', act)
    this.#slider.addEventListener('input', () => this.#go(Number(this.#slider.value)))
  }

  get #length () {
    return this.#journey?.messages.length ?? 0
  }

  /** Whether all of it has happened. */
  get isAtEnd () {
    return this.#reached === this.#length
  }

  /** @param {Journey} journey */
  begin (journey) {
    this.#stop()
    this.#journey = journey
    this.#reached = journey.messages.length
    this.#show()
  }

  /** @param {boolean} wasAtEnd before there was one more */
  follow (wasAtEnd) {
    this.#reached = wasAtEnd ? this.#length : Math.min(this.#reached, this.#length)
    this.#show()
  }

  /** @param {1 | -1} by */
  step (by) {
    this.#go(this.#reached + by)
  }

  /** Play, or pause. */
  toggle () {
    if (this.#playing !== undefined) return this.#stop()
    if (this.isAtEnd) this.#reach(1)
    this.#playOn()
  }

  /** @param {number} reached */
  #go (reached) {
    this.#stop()
    this.#reach(reached)
  }

  /** @param {number} reached */
  #reach (reached) {
    this.#reached = Math.min(Math.max(reached, 1), this.#length)
    this.#show()
    this.#onReached(this.#reached, this.#journey?.messages[this.#reached - 1])
  }

  #playOn () {
    if (this.isAtEnd) return this.#stop()
    this.#playing = setTimeout(() => {
      this.#reach(this.#reached + 1)
      this.#playOn()
    }, this.#waitMs)
    this.#show()
  }

  get #waitMs () {
    const [message, next] = this.#journey?.messages.slice(this.#reached - 1) ?? []
    if (!message || !next) return 0
    const speed = Number(this.#speed.value)
    return speed > 0 ? Math.min(next.at - message.at, maxWaitMs) / speed : byMessageMs
  }

  #stop () {
    clearTimeout(this.#playing)
    this.#playing = undefined
    this.#show()
  }

  #show () {
    this.#place.hidden = this.#length === 0
    this.#slider.max = String(Math.max(this.#length, 1))
    this.#slider.value = String(this.#reached)
    this.#position.textContent = `message ${this.#reached} of ${this.#length}`
    this.#slider.setAttribute('aria-valuetext', this.#position.textContent)
    const isPlaying = this.#playing !== undefined
    this.#place.classList.toggle('playing', isPlaying)
    this.#play.setAttribute('aria-label', isPlaying ? 'Pause the replay' : 'Replay')
  }
}
