import { sleep } from '../platform/sleep.js'

/** @import { Connection } from '../connection/connection.js' */
/** @import { StructuredMessage } from '../conversation/structured-message.js' */
/** @import { SessionClock } from './session-clock.js' */

// "HealthCheckMessageId" in base64, as all of Genesys' clients send it.
const TRACING_ID = 'SGVhbHRoQ2hlY2tNZXNzYWdlSWQ='
// The service takes two a minute.
const INTERVAL_MS = 35_000
const ANSWER_TIMEOUT_MS = 8000

/** Finds out whether a connection that looks open still leads anywhere, and until when the session lasts. */
export class HealthCheck {
  #connection
  #clock
  #last = -Infinity
  #checking = false

  /**
   * @param {Connection} connection
   * @param {SessionClock} clock
   */
  constructor (connection, clock) {
    this.#connection = connection
    this.#clock = clock
    // After the sleep of a computer the socket may be long dead.
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') this.check() })
  }

  /** For as long as this connection lasts. */
  async watch () {
    const { signal } = this.#connection
    while (!signal.aborted) {
      await sleep(INTERVAL_MS, signal)
      await this.check()
    }
  }

  /** As soon as the service takes another one. */
  async check () {
    if (this.#checking) return
    this.#checking = true
    const { signal } = this.#connection
    await sleep(this.#last + INTERVAL_MS - Date.now(), signal)
    if (this.#connection.live && !signal.aborted) {
      this.#last = Date.now()
      await this.#ask()
    }
    this.#checking = false
  }

  async #ask () {
    try {
      const message = { type: 'Text', text: 'ping' }
      const { body } = await this.#connection.request('echo', { message }, TRACING_ID, ANSWER_TIMEOUT_MS)
      const { durationSeconds, expirationDate } = /** @type {StructuredMessage} */ (body).metadata ?? {}
      this.#clock.set({ durationSeconds: Number(durationSeconds), expirationDate: Number(expirationDate) })
    } catch {
      // Without an answer the connection begins anew by itself; a refusal is a sign of life.
    }
  }
}
