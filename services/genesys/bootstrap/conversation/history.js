import { retryWhenRateLimited } from '../connection/rate-limit-retry.js'
import { requestJson } from '../platform/rest-api.js'
import { isSaid, keyOf } from './structured-message.js'

/** @import { Connection } from '../connection/connection.js' */
/** @import { Outbox } from './outbox.js' */
/** @import { StructuredMessage } from './structured-message.js' */

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
  /** @type {AbortSignal | undefined} The connection that it is of. */
  #jwtOf
  /** @type {Map<string, StructuredMessage>} */
  #known = new Map()
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
    this.#known.set(key, message)
    return true
  }

  /**
   * @param {string | undefined} id
   * @returns {StructuredMessage | undefined}
   */
  find (id) {
    return id === undefined ? undefined : this.messages.find((message) => message.id === id || message.channel?.messageId === id)
  }

  /** What is known of the conversation so far. */
  get messages () {
    return [...this.#known.values()]
  }

  async latest () {
    return this.#read(await this.#fetch(1))
  }

  async older () {
    const page = await this.#fetch(this.#pageNumber + 1)
    // What was said since has moved some of the page before to this one.
    return this.#read({ ...page, entities: page.entities.filter((message) => !this.#known.has(keyOf(message))) })
  }

  /** Reads the pages so far once more: the addresses of their files hold for a while only. */
  async refresh () {
    for (let pageNumber = 1; pageNumber <= Math.max(1, this.#pageNumber); pageNumber++) {
      const { entities } = await this.#fetch(pageNumber)
      for (const message of entities.filter((message) => this.#known.has(keyOf(message)))) this.#known.set(keyOf(message), message)
    }
  }

  /** What was said while there was no connection, and who came, signed in or left meanwhile, oldest first. */
  async missed () {
    /** @type {StructuredMessage[]} */
    const missed = []
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await this.#fetch(pageNumber)
      const unknown = page.entities.filter((message) => !this.#known.has(keyOf(message)))
      missed.push(...unknown)
      if (unknown.length < page.entities.length || isLastPage(page)) return missed.reverse()
    }
  }

  /** @param {number} pageNumber */
  #fetch (pageNumber) {
    const { signal } = this.#connection
    return retryWhenRateLimited(() => this.#request(pageNumber, signal), signal)
  }

  /**
   * @param {number} pageNumber
   * @param {AbortSignal} signal
   */
  async #request (pageNumber, signal) {
    // Behind a new connection there may be another conversation, and this JWT would still lead to the one before.
    if (this.#jwtOf !== signal || this.#jwt.exp <= Date.now() / 1000 + 5) {
      const { body } = await this.#connection.request('getJwt')
      this.#jwtOf = signal
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
      if (!isSaid(message)) {
        this.add(message)
        return message
      }
      // It may have come as a push while the outbox of an earlier page was not there yet.
      const known = !this.add(message)
      const item = known ? this.#outbox.claim(message, undefined) : this.#outbox.claimFromHistory(message)
      return item ? { ...message, tracingId: item.tracingId } : message
    })
    this.#pageNumber = page.pageNumber
    this.#complete = isLastPage(page)
    // Newest first, as it came.
    return { messages: messages.reverse(), pageNumber: page.pageNumber, pageSize: page.pageSize }
  }
}

/** @param {HistoryPage} page */
function isLastPage ({ pageNumber, pageCount, entities }) {
  return pageCount === undefined ? entities.length < PAGE_SIZE : pageNumber >= pageCount
}
