/** @import { Participant, StructuredMessage } from '../types.js' */
/** @import { Entry } from './conversation-log.js' */
/** @import { MessengerWindow } from './window.js' */

/** Writes the conversation's messages into the window's log, each of them once. */
export class Transcript {
  #view
  #agent = ''

  /** @param {MessengerWindow} view */
  constructor (view) {
    this.#view = view
  }

  /** The last to have answered. */
  get agent () {
    return this.#agent
  }

  /** @param {StructuredMessage[]} messages */
  add (messages) {
    this.#view.keepingPlace(() => { for (const message of messages) this.#add(message) })
  }

  /** @param {StructuredMessage[]} messages */
  addHistory (messages) {
    this.#view.log.node.setAttribute('aria-busy', 'true')
    this.add(messages)
    this.#view.log.node.setAttribute('aria-busy', 'false')
  }

  /** @param {{ text: string, tracingId: string }} message */
  addSending ({ text, tracingId }) {
    this.#view.log.add({ key: tracingId, text, mine: true, author: '', time: new Date(), state: 'Sending' })
  }

  /**
   * @param {string} key
   * @param {Partial<Entry>} change
   */
  change (key, change) {
    this.#view.keepingPlace(() => this.#view.log.change(key, change))
  }

  clear () {
    this.#view.log.clear()
    this.#agent = ''
  }

  /** @param {StructuredMessage} message */
  #add (message) {
    if (message.type === 'Event' || !message.text) return
    const { log } = this.#view
    const { from, time } = message.channel ?? {}
    const mine = message.direction === 'Inbound'
    const sent = time ? new Date(time) : new Date()
    const { tracingId } = message
    const key = message.channel?.messageId ?? message.id ?? `${time} ${message.text}`
    if (tracingId && log.has(tracingId)) {
      // From now on it bears the service's id, by which history knows it.
      return this.change(tracingId, { key, state: 'Sent', problem: undefined, time: sent })
    }
    if (log.has(key)) return
    if (!mine) this.#agent = nameOf(from) || (message.originatingEntity === 'Bot' ? 'Assistant' : 'Agent')
    log.add({ key, text: message.text, mine, author: mine ? '' : this.#agent, time: sent, state: mine ? 'Sent' : '' })
  }
}

/** @param {Participant | undefined} participant */
export function nameOf (participant) {
  const { nickname, firstName, lastName } = participant ?? {}
  return nickname || [firstName, lastName].filter(Boolean).join(' ')
}
