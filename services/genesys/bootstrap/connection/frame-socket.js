import { randomUUID } from '../platform/random-uuid.js'
import { FrameError } from './frames.js'

/** @import { Frame } from './frames.js' */

const ANSWER_TIMEOUT_MS = 15_000

/** One connection of the Guest API: requests are answered by tracing id, everything else is a push. */
export class FrameSocket {
  #socket
  #token
  #listeners
  #over = false
  /** @type {PromiseWithResolvers<void>} */
  #opened = Promise.withResolvers()
  /** @type {Map<string, { resolve: (frame: Frame) => void, reject: (error: FrameError) => void }>} */
  #pending = new Map()

  /**
   * @param {string} url
   * @param {string} token
   * @param {{ onPush: (frame: Frame) => void, onClose: () => void }} listeners
   */
  constructor (url, token, listeners) {
    this.#socket = new WebSocket(url)
    this.#token = token
    this.#listeners = listeners
    const slow = setTimeout(() => this.abandon(), ANSWER_TIMEOUT_MS)
    this.#socket.addEventListener('open', () => {
      clearTimeout(slow)
      this.#opened.resolve()
    })
    this.#socket.addEventListener('message', ({ data }) => { if (!this.#over) this.#receive(String(data)) })
    this.#socket.addEventListener('close', () => {
      clearTimeout(slow)
      this.abandon()
    })
  }

  get opened () {
    return this.#opened.promise
  }

  get open () {
    return !this.#over && this.#socket.readyState === WebSocket.OPEN
  }

  /**
   * @param {string} action
   * @param {Record<string, unknown>} [fields]
   * @param {string} [tracingId]
   * @param {number} [answerTimeoutMs] A service that does not answer for so long cannot be reached any more.
   * @returns {Promise<Frame>}
   */
  async request (action, fields = {}, tracingId = randomUUID(), answerTimeoutMs = ANSWER_TIMEOUT_MS) {
    if (!this.open) throw new FrameError(0, 'The connection was closed', tracingId)
    /** @type {PromiseWithResolvers<Frame>} */
    const { promise, resolve, reject } = Promise.withResolvers()
    this.#pending.set(tracingId, { resolve, reject })
    const timeout = setTimeout(() => this.abandon(), answerTimeoutMs)
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
    this.#over = true
    this.#lose()
    const close = () => this.#socket.close(1000, 'The user has closed the connection.')
    // To close it before it is open is an error in the console of the page.
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.addEventListener('open', close)
    else close()
  }

  /** Lost, whether the browser has noticed already or not: over a dead network closing can take minutes. */
  abandon () {
    if (this.#over) return
    this.#over = true
    this.#lose()
    this.#socket.close()
    this.#listeners.onClose()
  }

  #lose () {
    const lost = new FrameError(0, 'The connection was closed')
    this.#opened.reject(lost)
    for (const { reject } of this.#pending.values()) reject(lost)
  }

  /** @param {string} data */
  #receive (data) {
    const frame = parse(data)
    // What is no frame is none of our business.
    if (!frame) return
    const pending = this.#pendingFor(frame)
    if (pending && frame.code >= 400) pending.reject(refusal(frame))
    else pending?.resolve(frame)
    // The service pushes a guest's own message back to it: an answer and news at once.
    if (frame.type === 'message' || !pending) this.#listeners.onPush(frame)
  }

  /** @param {Frame} frame */
  #pendingFor ({ type, class: name, tracingId }) {
    // It comes as a response, and is news all the same: not what anybody has asked for.
    if (name === 'SessionExpiredEvent') return
    if (tracingId !== undefined) return this.#pending.get(tracingId)
    // Not every refusal repeats the tracing id; the oldest open request is then the one that was answered.
    return type === 'response' ? this.#pending.values().next().value : undefined
  }
}

/** @param {string} data */
function parse (data) {
  try {
    const frame = /** @type {Frame | null} */ (JSON.parse(data))
    return typeof frame?.class === 'string' ? frame : undefined
  } catch {
    return undefined
  }
}

/** @param {Frame} frame Its body is a string, or that of a TooManyRequestsErrorMessage. */
function refusal (frame) {
  const { code, body, tracingId } = frame
  if (typeof body === 'string') return new FrameError(code, body, tracingId, undefined, frame)
  const { errorMessage = 'Request failed.', retryAfter } = /** @type {{ errorMessage?: string, retryAfter?: number }} */ (body ?? {})
  return new FrameError(code, errorMessage, tracingId, retryAfter, frame)
}
