import { requestJson } from './rest.js'

/** @import { GuestSocket } from './guest-socket.js' */
/** @import { StructuredMessage } from './types.js' */

export const PAGE_SIZE = 25

/**
 * @typedef {object} HistoryPage
 * @property {StructuredMessage[]} entities Newest first.
 * @property {number} pageNumber
 * @property {number} pageSize
 * @property {number} [pageCount]
 * @property {number} [total]
 */

/** The REST side of a conversation; its token is not the Auth JWT but one the socket hands out for about a minute. */
export class History {
  #apiEndpoint
  #jwt = { jwt: '', exp: 0 }

  /** @param {string} apiEndpoint */
  constructor (apiEndpoint) {
    this.#apiEndpoint = apiEndpoint
  }

  /**
   * @param {GuestSocket} socket
   * @param {number} pageNumber
   */
  async page (socket, pageNumber) {
    if (this.#jwt.exp <= Date.now() / 1000 + 5) {
      const { body } = await socket.request('getJwt')
      this.#jwt = /** @type {{ jwt: string, exp: number }} */ (body)
    }
    const url = `${this.#apiEndpoint}/api/v2/webmessaging/messages?pageNumber=${pageNumber}&pageSize=${PAGE_SIZE}`
    const { data } = await requestJson('GET', url, { jwt: this.#jwt.jwt })
    return /** @type {HistoryPage} */ (data)
  }

  /** The next session may belong to someone else. */
  forget () {
    this.#jwt = { jwt: '', exp: 0 }
  }
}

/** @param {HistoryPage} page */
export function isLastPage ({ pageNumber, pageCount, entities }) {
  return pageCount === undefined ? entities.length < PAGE_SIZE : pageNumber >= pageCount
}
