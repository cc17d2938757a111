import { randomUUID } from 'node:crypto'
import type { WebSocket } from '@fastify/websocket'
import type { Deployment } from '../deployments/deployments-file.ts'
import type { Frame } from '../protocol/frames.ts'
import type { Connection } from '../sessions/connections.ts'

// Back-pressure: what waits to be sent to a guest who does not read. No frame is longer than some kilobytes, so hundreds of them fit.
// Who is cut off connects anew, and finds in the history what was said meanwhile.
const maxUnsentBytes = 1024 * 1024

// Grace period: so long whoever is banned may go on sending, which is read for nothing.
const banGraceMs = 1_000

/** A guest's WebSocket, which sends frames as JSON. */
export class SocketConnection implements Connection {
  readonly id = randomUUID()
  readonly deployment: Deployment
  configured: Connection['configured']
  expired: Connection['expired']
  tooSoon = 0
  readonly #socket: WebSocket

  constructor (socket: WebSocket, deployment: Deployment) {
    this.#socket = socket
    this.deployment = deployment
  }

  send (frame: Frame): void {
    this.#socket.send(JSON.stringify(frame))
    // A farewell would wait behind all that.
    if (this.#socket.bufferedAmount > maxUnsentBytes) this.#socket.terminate()
  }

  close (reason: string): void {
    this.#socket.close(1000, reason)
  }

  goAway (): void {
    this.#socket.close(1001, 'Connect anew.')
  }

  ban (reason: string): void {
    // Policy violation (https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)
    this.#socket.close(1008, reason)
    setTimeout(() => this.#socket.terminate(), banGraceMs).unref()
  }
}
