// The server tells when the session of this browser ends, whoever has ended it and wherever.

import { addressOf } from './addresses.js'

/** A stream that lasts no longer than this, in milliseconds, has not been of much use. */
const SHORT = 5_000

/** The end of the session, for all tabs of this browser: one of them listens to the server and tells the others. */
export class SessionEvents {
  #onEnded
  #onOpen

  /** @type {AbortController | undefined} */
  #listening

  #goOn = () => {}

  /**
   * @param {() => Promise<unknown>} onEnded the session has ended, or may have; asks the server and calls `follow` with the
   *   answer
   * @param {() => void} onOpen the server is there, for the first time or again
   */
  constructor (onEnded, onOpen) {
    this.#onEnded = onEnded
    this.#onOpen = onOpen
    // The tab that listens must not sleep: no other could take its place. And a page that listens, or waits for a lock,
    // is kept from the browser's back/forward cache.
    addEventListener('pagehide', () => this.follow(false))
    document.addEventListener('freeze', () => this.follow(false))
  }

  /**
   * To be called with each answer of the server.
   * @param {boolean} signedIn
   */
  follow (signedIn) {
    if (!signedIn) {
      this.#listening?.abort()
      this.#listening = undefined
    } else if (this.#listening) {
      this.#goOn()
    } else {
      this.#listening = new AbortController()
      this.#listenInTurn(this.#listening.signal)
    }
  }

  /**
   * Over HTTP/1.1 a browser has six connections to a host, all tabs together. If each tab kept one open for events, the
   * sixth would leave none for anything else. So the tabs queue for a lock, and when the one that has it goes, the next
   * one listens. Pages that are not of a secure context have no locks, and each listens itself.
   * @param {AbortSignal} signal
   */
  async #listenInTurn (signal) {
    const listen = () => this.#listen(signal)
    if ('locks' in navigator) await navigator.locks.request('session-events', { signal }, listen).catch(() => {})
    else await listen()
  }

  /** @param {AbortSignal} signal */
  async #listen (signal) {
    let shortOnes = 0
    while (!signal.aborted) {
      const start = performance.now()
      await streamEnd(signal, this.#onOpen)
      shortOnes = performance.now() - start < SHORT ? shortOnes + 1 : 0
      if (shortOnes > 1) await this.#pause(shortOnes)
      if (!signal.aborted) await this.#onEnded().catch(() => {})
    }
  }

  /**
   * Each pause is twice as long as the last, without limit: the server takes the question that follows for a sign of life,
   * and a page that nobody uses must not keep its session alive by it.
   * @param {number} shortOnes
   */
  #pause (shortOnes) {
    return new Promise((resolve) => {
      this.#goOn = () => resolve(undefined)
      setTimeout(resolve, 2 ** (shortOnes - 2) * 1_000)
      this.#listening?.signal.addEventListener('abort', resolve)
    })
  }
}

/**
 * Listens until the server says that the session has ended, or the browser has given up. It does not give up when the
 * connection breaks or the server is started anew, only when it is refused.
 * @param {AbortSignal} signal
 * @param {() => void} onOpen
 */
function streamEnd (signal, onOpen) {
  return new Promise((resolve) => {
    const stream = new EventSource(addressOf('session/events'))
    const close = () => {
      stream.close()
      resolve(undefined)
    }
    stream.addEventListener('open', onOpen)
    stream.addEventListener('ended', close)
    stream.addEventListener('error', () => {
      if (stream.readyState === EventSource.CLOSED) close()
    })
    signal.addEventListener('abort', close)
  })
}
