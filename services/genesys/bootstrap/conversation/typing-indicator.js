import { eventMessage } from './structured-message.js'

/** @import { Connection } from '../connection/connection.js' */
/** @import { ConversationsConfig } from '../platform/deployment-config.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */

const INTERVAL_MS = 5000

/** Who is typing, on both sides. */
export class TypingIndicator {
  #plugin
  #connection
  #config
  #lastSent = 0
  #ends = 0

  /**
   * @param {Plugin} plugin
   * @param {Connection} connection
   * @param {ConversationsConfig} config
   */
  constructor (plugin, connection, config) {
    this.#plugin = plugin
    this.#connection = connection
    this.#config = config
  }

  /** At most once in an interval; nobody waits for it, and a lost one is no loss. */
  send () {
    if (this.#config.showUserTypingIndicator === false) return
    if (!this.#connection.live || Date.now() - this.#lastSent < INTERVAL_MS) return
    this.#lastSent = Date.now()
    const message = eventMessage({ eventType: 'Typing', typing: { type: 'On', duration: INTERVAL_MS } })
    this.#connection.request('onMessage', { message }).catch(() => {})
    this.#plugin.publish('clientTypingStarted')
  }

  /**
   * @param {{ type: string, durationMs?: number }} typing
   */
  received (typing) {
    if (this.#config.showAgentTypingIndicator === false) return
    this.#plugin.publish('typingReceived', { typing })
    clearTimeout(this.#ends)
    if (typing.type === 'On') this.#ends = setTimeout(() => this.#plugin.publish('typingTimeout'), typing.durationMs ?? INTERVAL_MS)
  }

  /** The agent's message has come, so that no end of typing needs to be told any more. */
  answered () {
    clearTimeout(this.#ends)
  }

  /** For both sides: what it means for whom is not documented. */
  clear () {
    this.#lastSent = 0
    clearTimeout(this.#ends)
  }
}
