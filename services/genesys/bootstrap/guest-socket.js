/** @import { Frame } from './types.js' */

const REQUEST_TIMEOUT = 15_000

/** The service's refusal of one request; `code` is 0 when the connection went away before an answer. */
export class FrameError extends Error {
  /**
   * @param {number} code
   * @param {string} message
   * @param {string} [tracingId]
   */
  constructor (code, message, tracingId) {
    super(message)
    this.code = code
    this.tracingId = tracingId
  }
}

/** One connection of the Guest API: requests are answered by tracing id, everything else is a push. */
export class GuestSocket {
  #socket
  #token
  #onPush
  #lose
  /** @type {Map<string, { resolve: (frame: Frame) => void, reject: (error: FrameError) => void }>} */
  #pending = new Map()

  /**
   * @param {string} url
   * @param {string} token
   * @param {{ onPush: (frame: Frame) => void, onClose: () => void }} listeners
   */
  constructor (url, token, { onPush, onClose }) {
    this.#socket = new WebSocket(url)
    this.#token = token
    this.#onPush = onPush
    /** @type {PromiseWithResolvers<void>} */
    const { promise, resolve, reject } = Promise.withResolvers()
    this.opened = promise
    this.#socket.addEventListener('open', () => resolve())
    this.#socket.addEventListener('message', ({ data }) => this.#receive(String(data)))
    this.#lose = () => {
      const lost = new FrameError(0, 'The connection was closed')
      reject(lost)
      for (const { reject } of this.#pending.values()) reject(lost)
    }
    this.#socket.addEventListener('close', () => {
      this.#lose()
      onClose()
    })
  }

  get open () {
    return this.#socket.readyState === WebSocket.OPEN
  }

  /**
   * @param {string} action
   * @param {Record<string, unknown>} [fields]
   * @param {string} [tracingId]
   * @returns {Promise<Frame>}
   */
  async request (action, fields = {}, tracingId = crypto.randomUUID()) {
    if (!this.open) throw new FrameError(0, 'The connection was closed', tracingId)
    /** @type {PromiseWithResolvers<Frame>} */
    const { promise, resolve, reject } = Promise.withResolvers()
    this.#pending.set(tracingId, { resolve, reject })
    const timeout = setTimeout(() => reject(new FrameError(408, 'Request timed out', tracingId)), REQUEST_TIMEOUT)
    this.#socket.send(JSON.stringify({ action, token: this.#token, tracingId, ...fields }))
    try {
      return await promise
    } finally {
      clearTimeout(timeout)
      this.#pending.delete(tracingId)
    }
  }

  /** An answer that still comes is nobody's; the closing handshake can take its time. */
  close () {
    this.#lose()
    this.#socket.close(1000, 'The user has closed the connection.')
  }

  /** @param {string} data */
  #receive (data) {
    /** @type {Frame} */
    const frame = JSON.parse(data)
    const pending = this.#pendingFor(frame)
    if (pending && frame.code >= 400) pending.reject(new FrameError(frame.code, describe(frame.body), frame.tracingId))
    else pending?.resolve(frame)
    // The service pushes a guest's own message back to it: an answer and news at once.
    if (frame.type === 'message' || !pending) this.#onPush(frame)
  }

  /** @param {Frame} frame */
  #pendingFor ({ type, tracingId }) {
    if (tracingId !== undefined) return this.#pending.get(tracingId)
    // Not every refusal repeats the tracing id; the oldest open request is then the one that was answered.
    return type === 'response' ? this.#pending.values().next().value : undefined
  }
}

/** @param {unknown} body A string, or the body of a TooManyRequestsErrorMessage. */
function describe (body) {
  if (typeof body === 'string') return body
  const { errorMessage } = /** @type {{ errorMessage?: string }} */ (body ?? {})
  return errorMessage ?? 'Request failed.'
}
