import { sleep } from '../platform/sleep.js'

/** @import { SessionResponse } from '../connection/frames.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */

// Documented for sessions of usual length; of a short one it is the last fifth.
const WARNING_SECONDS = 300
const SHORT_SESSION_SHARE = 1 / 5

/** Until when the session lasts, as the service says and as it follows from each message. */
export class SessionClock {
  #plugin
  #expired
  #durationSeconds = 0
  #expirationDate = 0
  #ticking = new AbortController()

  /**
   * @param {Plugin} plugin
   * @param {() => void} expired By this browser's clock; the service knows better.
   */
  constructor (plugin, expired) {
    this.#plugin = plugin
    this.#expired = expired
  }

  /** @param {Pick<SessionResponse, 'durationSeconds' | 'expirationDate'>} timing */
  set ({ durationSeconds, expirationDate }) {
    if (!durationSeconds || !expirationDate) return
    this.stop()
    this.#durationSeconds = durationSeconds
    this.#expirationDate = expirationDate
    // On the wire it is in seconds.
    this.#plugin.publish('sessionTimingUpdated', { durationSeconds, expirationDate: expirationDate * 1000 })
    this.#tick({ durationSeconds, expirationDate })
  }

  /**
   * It lasts from the last message.
   * @param {string | undefined} time
   */
  extend (time) {
    const durationSeconds = this.#durationSeconds
    const said = time === undefined ? Date.now() : Date.parse(time)
    const expirationDate = Math.floor(said / 1000) + durationSeconds
    // An old message, from history, does not bring the end nearer.
    if (durationSeconds && expirationDate >= this.#expirationDate) this.set({ durationSeconds, expirationDate })
  }

  stop () {
    this.#ticking.abort()
    this.#ticking = new AbortController()
    this.#durationSeconds = 0
    this.#expirationDate = 0
  }

  /** @param {{ durationSeconds: number, expirationDate: number }} timing */
  async #tick (timing) {
    const { signal } = this.#ticking
    const warning = Math.min(WARNING_SECONDS, timing.durationSeconds * SHORT_SESSION_SHARE)
    await until(timing.expirationDate - warning, signal)
    if (signal.aborted) return
    this.#plugin.publish('sessionWarning', { expirationTime: timing.expirationDate * 1000 })
    await until(timing.expirationDate + 1, signal)
    if (!signal.aborted) this.#expired()
  }
}

/**
 * @param {number} epochSeconds
 * @param {AbortSignal} signal
 */
async function until (epochSeconds, signal) {
  // Timers have a longest time, and sessions may last for months.
  while (!signal.aborted && Date.now() < epochSeconds * 1000) await sleep(epochSeconds * 1000 - Date.now(), signal)
}
