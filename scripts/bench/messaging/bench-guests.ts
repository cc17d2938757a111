import { randomUUID } from 'node:crypto'
import WebSocket from 'ws'

/** The parts of a frame that a guest looks at: those of the Web Messaging API, and of a request that came back. */
export interface Frame {
  class?: string
  code?: number
  tracingId?: string
  body?: { id?: unknown, text?: unknown, jwt?: unknown }
  message?: { text?: unknown }
}

/** What a guest takes for the echo of a text: `undefined` for any other frame. */
export type ReadEcho = (frame: Frame) => unknown

/** What Genesys echoes. */
export const echoedText: ReadEcho = ({ class: className, code, body }) =>
  className === 'StructuredMessage' && code === 200 && typeof body?.id === 'string' && body.id !== '' ? body.text : undefined

const messageCharacters = 80
const connectingAtOnce = 100

/** A guest of the benchmark: the same code whatever server is at the other end. */
export class BenchGuest {
  readonly token = randomUUID()
  /** the texts whose echo has come, in order */
  readonly acknowledged: string[] = []
  readonly #socket: WebSocket
  readonly #readEcho: ReadEcho
  #sent = 0

  constructor (socket: WebSocket, readEcho: ReadEcho) {
    this.#socket = socket
    this.#readEcho = readEcho
  }

  /** One message after the other, each once the echo of the last has come, and after a pause where there is to be one. */
  converse (isOver: () => boolean, onEcho: (milliseconds: number) => void, pauseMs = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      let text = ''
      let tracingId = ''
      let sentAt = 0
      const send = () => {
        this.#sent++
        text = `Message ${this.#sent} of ${this.token}, `.padEnd(messageCharacters, 'and so on ')
        tracingId = `${this.token}-${this.#sent}`
        sentAt = performance.now()
        this.#send({ action: 'onMessage', token: this.token, tracingId, message: { type: 'Text', text } })
      }
      const finish = (act: () => void) => {
        this.#socket.off('message', onMessage).off('close', onClose)
        act()
      }
      const onClose = (code: number) => finish(() => reject(new Error(`a guest's socket was closed with ${code}`)))
      const onMessage = (data: WebSocket.RawData) => {
        const frame = JSON.parse(data.toString()) as Frame
        // What the agent writes meanwhile.
        if (frame.tracingId !== tracingId) return
        if (this.#readEcho(frame) !== text) return finish(() => reject(new Error(`not the echo of “${text}”: ${data.toString()}`)))
        onEcho(performance.now() - sentAt)
        this.acknowledged.push(text)
        if (isOver()) finish(resolve)
        else if (pauseMs === 0) send()
        else setTimeout(send, pauseMs)
      }
      this.#socket.on('message', onMessage).on('close', onClose)
      send()
    })
  }

  /** One request, and the frame that answers it. */
  request (action: string, fields: object = {}): Promise<Frame> {
    const tracingId = randomUUID()
    return new Promise(resolve => {
      const onMessage = (data: WebSocket.RawData) => {
        const frame = JSON.parse(data.toString()) as Frame
        if (frame.tracingId !== tracingId) return
        this.#socket.off('message', onMessage)
        resolve(frame)
      }
      this.#socket.on('message', onMessage)
      this.#send({ action, token: this.token, tracingId, ...fields })
    })
  }

  close (): Promise<void> {
    return new Promise(resolve => {
      this.#socket.once('close', () => resolve())
      this.#socket.close()
    })
  }

  #send (frame: object) {
    this.#socket.send(JSON.stringify(frame))
  }
}

/** Open the sockets of a number of guests, some at a time. */
export async function connectGuests (count: number, url: string, origin: string, readEcho: ReadEcho): Promise<BenchGuest[]> {
  const guests: BenchGuest[] = []
  while (guests.length < count) {
    const size = Math.min(connectingAtOnce, count - guests.length)
    guests.push(...await Promise.all(Array.from({ length: size }, async () => new BenchGuest(await open(url, origin), readEcho))))
  }
  return guests
}

function open (url: string, origin: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers: { origin } })
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

/** All guests at once for some seconds: how long each message took whose echo came in that time. */
export async function converseAll (guests: readonly BenchGuest[], seconds: number): Promise<number[]> {
  const latencies: number[] = []
  const end = performance.now() + seconds * 1000
  const isOver = () => performance.now() >= end
  await Promise.all(guests.map(guest => guest.converse(isOver, latency => { if (!isOver()) latencies.push(latency) })))
  return latencies
}
