/** @import { Connection } from './connection.js' */
/** @import { Sender } from './sender.js' */
/** @import { ConversationsConfig, MessageEvent, Participant, Plugin } from './types.js' */

const INTERVAL = 5000

/** Who is typing, on both sides. */
export class Typing {
  #plugin
  #config
  #lastSent = 0
  #ends = 0

  /**
   * @param {Plugin} plugin
   * @param {ConversationsConfig} config
   */
  constructor (plugin, config) {
    this.#plugin = plugin
    this.#config = config
  }

  /**
   * @param {Connection} connection
   * @param {Sender} sender
   */
  send (connection, sender) {
    if (this.#config.showUserTypingIndicator === false) return
    if (!connection.live || Date.now() - this.#lastSent < INTERVAL) return
    this.#lastSent = Date.now()
    sender.sendEvent({ eventType: 'Typing', typing: { type: 'On', duration: INTERVAL } })
    this.#plugin.publish('clientTypingStarted')
  }

  /**
   * @param {NonNullable<MessageEvent['typing']>} typing
   * @param {Participant | undefined} from
   */
  received (typing, from) {
    if (this.#config.showAgentTypingIndicator === false) return
    this.#plugin.publish('typingReceived', { typing, from })
    clearTimeout(this.#ends)
    if (typing.type === 'On') this.#ends = setTimeout(() => this.#plugin.publish('typingTimeout'), typing.duration ?? INTERVAL)
  }

  /** The agent's message has come, so that no end of typing needs to be told any more. */
  answered () {
    clearTimeout(this.#ends)
  }

  /** What it means for whom is not documented; that it is for both sides is our choice. */
  clear () {
    this.#lastSent = 0
    clearTimeout(this.#ends)
  }
}
