/** @import { Finding, Message } from '../types.js' */

/** @param {Message} message */
const valuesOf = ({ parameters, answer, tokens }) => [...parameters, ...answer, ...tokens.flatMap(({ header, payload }) => [...header, ...payload])]

/** The messages of the journey that is shown, in the order in which they began, and what the examiner says of them. */
export class Journey {
  /** @type {Message[]} */
  #messages = []
  /** @type {Map<string, Message>} */
  #byKey = new Map()
  /**
   * By a value: the keys of the messages that have it.
   * @type {Map<string, Set<string>>}
   */
  #places = new Map()
  /** @type {Finding[]} */
  findings = []

  /** @param {Message[]} messages */
  constructor (messages = []) {
    for (const message of messages) this.put(message)
  }

  get messages () {
    return this.#messages
  }

  /** @param {string} key */
  find (key) {
    return this.#byKey.get(key)
  }

  /**
   * Its number, as people count.
   * @param {Message} message
   */
  numberOf (message) {
    return this.#messages.indexOf(message) + 1
  }

  /**
   * Messages with a value in any of their parameters or tokens.
   * @param {string} same
   */
  having (same) {
    return [...this.#places.get(same) ?? []].flatMap(key => this.find(key) ?? []).sort((a, b) => a.at - b.at)
  }

  /**
   * @param {Message} message
   * @returns its index; -1 where it was there before
   */
  put (message) {
    if (this.#byKey.has(message.key)) return -1
    const index = this.#messages.findLastIndex(({ at }) => at <= message.at) + 1
    this.#messages.splice(index, 0, message)
    this.#byKey.set(message.key, message)
    for (const { same } of valuesOf(message)) {
      if (same === undefined) continue
      const keys = this.#places.get(same) ?? new Set()
      this.#places.set(same, keys.add(message.key))
    }
    return index
  }

  /** @param {string} key */
  remove (key) {
    const message = this.#byKey.get(key)
    if (!message) return false
    this.#messages.splice(this.#messages.indexOf(message), 1)
    this.#byKey.delete(key)
    for (const { same } of valuesOf(message)) if (same !== undefined) this.#places.get(same)?.delete(key)
    return true
  }
}
