/** @import { Changes } from '../types.js' */

/**
 * What comes by the stream. `ready`: what was before is to be fetched. `broken`: the console does not answer.
 * @typedef {{ event: 'ready' } | { event: 'broken' } | { event: 'changes', data: Changes }} StreamEvent
 */

const retryMs = 1_000

/**
 * What changes, for all tabs of this browser: one of them listens to the console and tells the others.
 *
 * Over HTTP/1.1 a browser has six connections to a host, all tabs together, and the seventh tab would get no answer to anything. So the
 * tabs queue for a lock, and when the one that has it goes, the next one listens. Those that show secrets have a stream of their own, so that
 * no tab gets any that has not asked for them. Pages that are not of a secure context have no locks, and each listens itself.
 */
export class ChangeStream {
  #listener
  #withSecrets = false
  #turn = new AbortController()

  /** @param {(event: StreamEvent) => void} listener */
  constructor (listener) {
    this.#listener = listener
    // The tab that listens must not sleep: no other could take its place. And a page that listens, or waits for a lock, is kept from the
    // browser's back/forward cache.
    addEventListener('pagehide', () => this.#turn.abort())
    document.addEventListener('freeze', () => this.#turn.abort())
    addEventListener('pageshow', ({ persisted }) => { if (persisted) this.follow(this.#withSecrets) })
    document.addEventListener('resume', () => this.follow(this.#withSecrets))
  }

  /**
   * Begin, or begin anew with the other of both streams.
   * @param {boolean} withSecrets
   */
  follow (withSecrets) {
    this.#withSecrets = withSecrets
    this.#turn.abort()
    this.#turn = new AbortController()
    const { signal } = this.#turn
    const name = withSecrets ? 'changes with secrets' : 'changes'
    const channel = new BroadcastChannel(name)
    signal.addEventListener('abort', () => channel.close())
    channel.addEventListener('message', ({ data }) => this.#listener(data))
    const listen = () => this.#listen(signal, channel)
    if ('locks' in navigator) this.#queue(name, signal, listen).catch(() => {})
    else listen()
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   * @param {() => Promise<void>} listen
   */
  async #queue (name, signal, listen) {
    const isFirst = await navigator.locks.request(name, { ifAvailable: true }, async lock => {
      if (!lock) return false
      await listen()
      return true
    })
    if (isFirst || signal.aborted) return
    // Another one listens, and has been told to fetch already.
    this.#listener({ event: 'ready' })
    await navigator.locks.request(name, { signal }, listen)
  }

  /**
   * Until it is somebody else's turn.
   * @param {AbortSignal} signal
   * @param {BroadcastChannel} channel
   * @returns {Promise<void>}
   */
  #listen (signal, channel) {
    const tell = (/** @type {StreamEvent} */ event) => {
      this.#listener(event)
      channel.postMessage(event)
    }
    const open = () => {
      const stream = new EventSource(`journeys/events${this.#withSecrets ? '?secrets=show' : ''}`)
      const close = () => stream.close()
      signal.addEventListener('abort', close)
      stream.addEventListener('ready', () => tell({ event: 'ready' }))
      stream.addEventListener('changes', ({ data }) => tell({ event: 'changes', data: JSON.parse(data) }))
      stream.addEventListener('error', () => {
        tell({ event: 'broken' })
        // A browser tries again when a connection breaks, but not after an answer that is no stream, such as that of a proxy.
        if (stream.readyState !== EventSource.CLOSED) return
        signal.removeEventListener('abort', close)
        setTimeout(() => { if (!signal.aborted) open() }, retryMs)
      })
    }
    return new Promise(resolve => {
      if (signal.aborted) return resolve()
      open()
      signal.addEventListener('abort', () => resolve())
    })
  }
}
