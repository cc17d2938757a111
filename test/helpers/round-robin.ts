import { once } from 'node:events'
import { createServer, request as sendRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Replica } from './replica.ts'

const retryMs = 50
const patienceMs = 2_000

/** A moment of a request: it has come to a replica, or has been answered by it, which nobody has heard yet. */
export type Moment = 'received' | 'answered'

/** What is done at a moment of the next request to such an address. */
export interface Interruption {
  service: Replica['service']
  method: string
  path: RegExp
  moment: Moment
  act: (replica: Replica) => Promise<unknown>
}

/** A request that a replica has answered, whether or not anybody heard. */
export interface Exchange {
  service: Replica['service']
  method: string
  path: string
  body: string
  status: number
}

interface Answer { status: number, headers: IncomingHttpHeaders, body: Buffer }

/**
 * Reverse proxy in front of the replicas of services, as `services/caddy/replicas.Caddyfile` has it: round robin, each request to the next
 * one; whoever cannot be connected to is passed by, and what breaks off is tried again where it is a GET.
 */
export class RoundRobin {
  /** all of them, oldest first */
  readonly exchanges: Exchange[] = []
  /** where the socket was opened that was opened last */
  atSocket: Replica | undefined
  #interruption: Interruption | undefined

  /** Have something happen in the middle of the next request to an address. */
  interrupt (interruption: Interruption): void {
    this.#interruption = interruption
  }

  /** Whether what was to be interrupted has been. */
  get isDone (): boolean {
    return this.#interruption === undefined
  }

  /** Begin to listen in front of the replicas of one service, until the test ends. */
  async serve (t: Test, port: number, replicas: Replica[]): Promise<Server> {
    let turn = 0
    const next = () => replicas[turn++ % replicas.length]!
    const server = createServer((request, response) => { this.#pass(request, response, next).catch(() => response.destroy()) })
    server.on('upgrade', (request, socket) => this.#upgrade(request, socket, next, replicas.length))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.close().closeAllConnections() })
    return server
  }

  async #pass (request: IncomingMessage, response: ServerResponse, next: () => Replica): Promise<void> {
    const body = Buffer.concat(await request.toArray() as Buffer[])
    const giveUp = performance.now() + patienceMs
    for (;;) {
      const answer = await this.#ask(next(), request, body).catch((error: NodeJS.ErrnoException) => error)
      if (!(answer instanceof Error)) {
        response.writeHead(answer.status, answer.headers).end(answer.body)
        return
      }
      const mayTryAgain = answer.code === 'ECONNREFUSED' || request.method === 'GET'
      if (!mayTryAgain || performance.now() > giveUp) {
        response.writeHead(502).end()
        return
      }
      await pause(retryMs)
    }
  }

  async #ask (replica: Replica, { method = 'GET', url = '', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const path = url.split('?', 1)[0]!
    const due = this.#interruption
    const { pid } = replica
    const isDue = due?.service === replica.service && due.method === method && due.path.test(url)
    const sent = sendRequest({ host: '127.0.0.1', port: replica.port, method, path: url, headers, agent: false })
    const [answered, connected] = [once(sent, 'response'), once(sent, 'socket')]
    // Whoever waits for the connection first is told by that.
    answered.catch(() => {})
    sent.end(body)
    if (isDue && due.moment === 'received') {
      const [socket] = await connected as [Duplex & { connecting: boolean }]
      if (socket.connecting) await once(socket, 'connect')
      this.#interruption = undefined
      await due.act(replica)
    }
    const [response] = await answered as [IncomingMessage]
    const answer = { status: response.statusCode!, headers: response.headers, body: Buffer.concat(await response.toArray() as Buffer[]) }
    this.exchanges.push({ service: replica.service, method, path, body: body.toString(), status: answer.status })
    if (isDue && due.moment === 'answered') {
      this.#interruption = undefined
      await due.act(replica)
      // It has come to nobody.
      if (replica.pid !== pid) throw new Error('killed before it was heard')
    }
    return answer
  }

  #upgrade (request: IncomingMessage, socket: Duplex, next: () => Replica, attempts: number): void {
    const replica = next()
    const upstream = connect(replica.port, '127.0.0.1')
    let isConnected = false
    upstream.once('connect', () => {
      isConnected = true
      this.atSocket = replica
      const names = request.rawHeaders.filter((_, index) => index % 2 === 0)
      const lines = names.map((name, index) => `${name}: ${request.rawHeaders[2 * index + 1]}`)
      upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      socket.pipe(upstream).pipe(socket)
    })
    upstream.on('close', () => { if (isConnected) socket.destroy() })
    upstream.on('error', () => {
      if (isConnected) return
      if (attempts > 1) this.#upgrade(request, socket, next, attempts - 1)
      else socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
    })
    socket.on('error', () => upstream.destroy())
  }
}
