import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { connectionEvent } from './connection-event.ts'

const endOfHeaders = '\r\n\r\n'
// A body may be nothing but ends of headers, and to parse each by itself would take long.
const minBodyBytes = 256

/**
 * Backpressure for pipelined requests: of each connection one request at a time is read, and the next when that is answered.
 * What else a client has sent waits as the bytes that it is, at first here, then in the buffers of the system.
 *
 * Node parses all that has arrived at once and has everything answered at once. So 64 KB bring thousands of requests into memory
 * and, where nobody reads, their answers too. Besides, only requests with safe methods may be worked on at the same time.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 */
export function holdBackPipelined (server: Server): void {
  const turns = new WeakMap<object, RequestTurns>()
  server.on(connectionEvent(server), (socket: Socket) => turns.set(socket, new RequestTurns(socket)))
  server.prependListener('request', (request, response) => turns.get(request.socket)?.take(request, response))
  // Who listens for upgrades gets all of them, so it is only done where somebody else does as well.
  server.once('listening', () => {
    if (server.listenerCount('upgrade') > 0) server.prependListener('upgrade', (_request, socket) => turns.get(socket)?.leave())
  })
}

/** Stands between a connection and Node's parser. */
class RequestTurns {
  readonly #socket: Socket
  readonly #parse: (piece: Buffer) => void
  #waiting: Buffer = Buffer.alloc(0)
  #last: IncomingMessage | undefined
  #unanswered = 0
  #isStopped = false
  // Node stops reading by itself, too: for a body that nobody takes, and for answers that nobody reads.
  #isStoppedByNode = false
  #left = false

  constructor (socket: Socket) {
    this.#socket = socket
    this.#parse = socket.listeners('data')[0] as (piece: Buffer) => void
    // The parser reads from the handle itself, unless somebody listens.
    socket.on('data', this.#receive)
    socket.off('data', this.#parse)
    socket.on('resume', this.#resumed)
  }

  take (request: IncomingMessage, response: ServerResponse): void {
    this.#last = request
    this.#unanswered++
    response.once('close', () => {
      this.#unanswered--
      if (this.#isStopped) this.#goOn()
    })
  }

  /** The connection is another protocol's from now on. */
  leave (): void {
    this.#left = true
    this.#socket.off('data', this.#receive)
    this.#socket.off('resume', this.#resumed)
    if (this.#waiting.length > 0) this.#socket.unshift(this.#waiting)
  }

  readonly #receive = (bytes: Buffer): void => {
    this.#waiting = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes])
    this.#goOn()
  }

  readonly #resumed = (): void => {
    // It is emitted a moment later, when all may be otherwise again.
    if (this.#socket.isPaused()) return
    this.#isStoppedByNode = false
    this.#goOn()
  }

  get #isTurnOfNext (): boolean {
    return this.#unanswered === 0 || this.#last?.complete === false
  }

  /** After the answer that is the last one, whatever has come is not even to be looked at: RFC 9112 section 9.6. */
  get #isOver (): boolean {
    return this.#left || this.#socket.destroyed || this.#socket.writableEnded
  }

  #goOn (): void {
    if (this.#isOver || this.#isStoppedByNode) return
    if (this.#isStopped && this.#isTurnOfNext) {
      this.#isStopped = false
      this.#socket.resume()
    }
    while (this.#waiting.length > 0 && this.#isTurnOfNext) {
      const piece = this.#nextPiece()
      this.#waiting = this.#waiting.subarray(piece.length)
      this.#parse(piece)
      if (this.#isOver) return
      if (this.#socket.isPaused()) {
        this.#isStoppedByNode = true
        return
      }
    }
    if (this.#waiting.length > 0) {
      this.#isStopped = true
      this.#socket.pause()
    }
  }

  /** To the end of the headers that are next, so that no second request is in it. */
  #nextPiece (): Buffer {
    const inBody = this.#last?.complete === false
    const from = inBody ? minBodyBytes - endOfHeaders.length : 0
    const end = this.#waiting.indexOf(endOfHeaders, from, 'latin1')
    return end === -1 ? this.#waiting : this.#waiting.subarray(0, end + endOfHeaders.length)
  }
}
