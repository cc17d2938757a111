import { randomUUID } from 'node:crypto'
// Not the global ones, which a test may have stopped.
import { clearTimeout, setTimeout } from 'node:timers'
import WebSocket from 'ws'
import { lookup } from '../../services/lib/outbound/loopback-names.ts'

/** A frame of the guest WebSocket, as it arrives. */
export interface GuestFrame {
  type: string
  class: string
  code: number
  body: unknown
  tracingId?: string
}

/** An upgrade that the service has refused. */
export class UpgradeError extends Error {
  override name = 'UpgradeError'
  readonly statusCode: number | undefined

  constructor (statusCode: number | undefined, body: string) {
    super(`the upgrade was answered with ${statusCode}: ${body}`)
    this.statusCode = statusCode
  }
}

const patience = 20_000

/** A guest on the Web Messaging API: one WebSocket, one session token. */
export class GuestSocket {
  readonly token: string
  /** Resolves with the close code once the socket is closed, by whichever side. */
  readonly closed: Promise<number>
  readonly #socket: WebSocket
  readonly #arrived: GuestFrame[] = []
  readonly #waiting = new Set<() => void>()

  constructor (socket: WebSocket, token: string) {
    this.#socket = socket
    this.token = token
    this.closed = new Promise(resolve => socket.once('close', code => {
      resolve(code)
      for (const look of [...this.#waiting]) look()
    }))
    socket.on('message', data => {
      this.#arrived.push(JSON.parse(data.toString()))
      for (const look of [...this.#waiting]) look()
    })
  }

  /** Send a request of the session; returns its tracing id. */
  send (action: string, fields: object = {}): string {
    const tracingId = randomUUID()
    this.sendRaw(JSON.stringify({ action, token: this.token, tracingId, ...fields }))
    return tracingId
  }

  /** Send a frame as it is: text for a string, binary for a buffer unless told otherwise. */
  sendRaw (data: string | Buffer, { binary = typeof data !== 'string' } = {}) {
    this.#socket.send(data, { binary })
  }

  /** Take nothing more from the network: what comes piles up there. */
  stopReading (): void {
    this.#socket.pause()
  }

  /** Send a request and wait for the frame that answers it. */
  async request (action: string, fields: object = {}): Promise<GuestFrame> {
    const tracingId = this.send(action, fields)
    return await this.next(frame => frame.tracingId === tracingId)
  }

  /** Send a text and wait for its echo. */
  say (text: string): Promise<GuestFrame> {
    return this.request('onMessage', { message: { type: 'Text', text } })
  }

  /** The first frame that matches and was not returned before, as soon as it is there. */
  async next (matches: (frame: GuestFrame) => boolean): Promise<GuestFrame> {
    return await new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        act()
      }
      const look = () => {
        const index = this.#arrived.findIndex(matches)
        if (index >= 0) settle(() => resolve(this.#arrived.splice(index, 1)[0]!))
        else if (this.#socket.readyState === WebSocket.CLOSED) settle(() => reject(new Error(`closed before the frame came. ${this.#seen()}`)))
      }
      const timer = setTimeout(() => settle(() => reject(new Error(`no such frame came. ${this.#seen()}`))), patience)
      this.#waiting.add(look)
      look()
    })
  }

  get isClosed (): boolean {
    return this.#socket.readyState === WebSocket.CLOSED
  }

  /** Frames that have arrived and were not asked for yet. */
  get unread (): readonly GuestFrame[] {
    return this.#arrived
  }

  /** What is unread, which counts as read from then on. */
  takeUnread (): GuestFrame[] {
    return this.#arrived.splice(0)
  }

  async close (): Promise<void> {
    this.#socket.close(1000, 'The user has closed the connection.')
    await this.closed
  }

  #seen () {
    return `Unread: ${this.#arrived.map(frame => `${frame.class} ${frame.code}`).join(', ') || 'nothing'}`
  }
}

/**
 * Open a guest WebSocket.
 *
 * @param url of the messaging service, `http:` or `ws:`
 * @param options.origin what a browser would send as `Origin`; `null` to send none
 * @param options.headers others that a proxy would add
 * @param options.token the session to resume; a new one otherwise
 * @throws {UpgradeError} where the service refuses the upgrade
 */
export async function connect (url: string, { deploymentId, origin = 'http://app.localhost:3000', headers = {}, token = randomUUID() }: {
  deploymentId?: string
  origin?: string | null
  headers?: Record<string, string>
  token?: string
}): Promise<GuestSocket> {
  const address = new URL('/v1', url.replace(/^http/, 'ws'))
  if (deploymentId !== undefined) address.searchParams.set('deploymentId', deploymentId)
  const socket = new WebSocket(address, { lookup, headers: { ...origin !== null && { origin }, ...headers } })
  const guest = new GuestSocket(socket, token)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('unexpected-response', (request, response) => {
      const body: string[] = []
      response.setEncoding('utf8').on('data', part => body.push(part))
      response.on('end', () => {
        reject(new UpgradeError(response.statusCode, body.join('')))
        request.destroy()
      })
    })
  })
  return guest
}
