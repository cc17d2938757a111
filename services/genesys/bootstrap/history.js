import { isSaid, keyOf } from './guest-messages.js'
import { requestJson } from './rest.js'

/** @import { Connection } from './connection.js' */
/** @import { Outbox } from './outbox.js' */
/** @import { StructuredMessage } from './types.js' */

const PAGE_SIZE = 25

/**
 * @typedef {object} HistoryPage
 * @property {StructuredMessage[]} entities Newest first.
 * @property {number} pageNumber
 * @property {number} pageSize
 * @property {number} [pageCount]
 * @property {number} [total]
 */

/**
 * One conversation as the service keeps it, and what of it is known here. The next conversation, which may be someone
 * else's, gets a history of its own: so nothing that comes late for this one can get into that.
 */
export class History {
  #apiEndpoint
  #connection
  #outbox
  /** Not the Auth JWT but one that the socket hands out for about a minute. */
  #jwt = { jwt: '', exp: 0 }
  /** @type {Set<string>} */
  #known = new Set()
  #pageNumber = 0
  #complete = false

  /**
   * @param {string} apiEndpoint
   * @param {Connection} connection
   * @param {Outbox} outbox What history shows has arrived.
   */
  constructor (apiEndpoint, connection, outbox) {
    this.#apiEndpoint = apiEndpoint
    this.#connection = connection
    this.#outbox = outbox
  }

  /** There are no older pages. */
  get complete () {
    return this.#complete
  }

  /**
   * @param {StructuredMessage} message
   * @returns {boolean} False when it was known already.
   */
  add (message) {
    const key = keyOf(message)
    if (this.#known.has(key)) return false
    this.#known.add(key)
    return true
  }

  async latest () {
    return this.#read(await this.#fetch(1))
  }

  async older () {
    return this.#read(await this.#fetch(this.#pageNumber + 1))
  }

  /** What was said while there was no connection, oldest first. */
  async missed () {
    /** @type {StructuredMessage[]} */
    const missed = []
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await this.#fetch(pageNumber)
      const said = page.entities.filter(isSaid)
      const unknown = said.filter((message) => !this.#known.has(keyOf(message)))
      missed.push(...unknown)
      if (unknown.length < said.length || isLastPage(page)) return missed.reverse()
    }
  }

  /** @param {number} pageNumber */
  async #fetch (pageNumber) {
    const { signal } = this.#connection
    if (this.#jwt.exp <= Date.now() / 1000 + 5) {
      const { body } = await this.#connection.request('getJwt')
      this.#jwt = /** @type {{ jwt: string, exp: number }} */ (body)
    }
    const url = `${this.#apiEndpoint}/api/v2/webmessaging/messages?pageNumber=${pageNumber}&pageSize=${PAGE_SIZE}`
    const { data } = await requestJson('GET', url, { jwt: this.#jwt.jwt, signal })
    signal.throwIfAborted()
    return /** @type {HistoryPage} */ (data)
  }

  /** @param {HistoryPage} page */
  #read (page) {
    const messages = page.entities.toReversed().map((message) => {
      const news = isSaid(message) && this.add(message)
      const tracingId = news ? this.#outbox.claimFromHistory(message)?.tracingId : undefined
      return tracingId ? { ...message, tracingId } : message
    })
    this.#pageNumber = page.pageNumber
    this.#complete = isLastPage(page)
    return { messages, pageNumber: page.pageNumber, pageSize: page.pageSize }
  }
}

/** @param {HistoryPage} page */
function isLastPage ({ pageNumber, pageCount, entities }) {
  return pageCount === undefined ? entities.length < PAGE_SIZE : pageNumber >= pageCount
}
