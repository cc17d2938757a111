import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { lookup } from '#lib/outbound/loopback-names.ts'
import { until } from './until.ts'

/** An answer of the desk. */
export interface DeskAnswer<T = Record<string, unknown>> {
  status: number
  headers: IncomingHttpHeaders
  text: string
  body: T
}

/** A conversation as the desk shows it. */
export interface DeskConversation {
  conversationId: string
  deploymentId: string
  guest: { name?: string, sub?: string, email?: string, email_verified?: boolean }
  verified: { iss: string, since: string } | null
  startedAt: string
  lastActive: string
  readOnly: boolean
  connections: number
  agent: { name: string } | null
  scripted: boolean
  lastMessage?: { text?: string }
}

export interface DeskEvent {
  event: string
  data: { conversationId?: string, message?: Record<string, unknown> } & Record<string, unknown>
}

/** The events of a desk, as they come. */
export class DeskEvents {
  readonly arrived: DeskEvent[] = []
  readonly #response: IncomingMessage
  closed = false

  constructor (response: IncomingMessage) {
    this.#response = response
    let rest = ''
    response.setEncoding('utf8').on('data', (part: string) => {
      const blocks = (rest + part).split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) this.#take(block)
    })
    response.on('close', () => { this.closed = true }).on('error', () => { /* closed is what counts */ })
  }

  /** The first event that matches and was not returned before, as soon as it is there. */
  async next (matches: (event: DeskEvent) => boolean): Promise<DeskEvent> {
    let index = -1
    await until('the desk has heard of it', () => {
      index = this.arrived.findIndex(matches)
      return index >= 0
    })
    return this.arrived.splice(index, 1)[0]!
  }

  close () {
    this.#response.destroy()
  }

  #take (block: string) {
    const lines = block.split('\n')
    const event = lines.find(line => line.startsWith('event: '))?.slice('event: '.length)
    const data = lines.filter(line => line.startsWith('data: ')).map(line => line.slice('data: '.length)).join('\n')
    if (event !== undefined) this.arrived.push({ event, data: JSON.parse(data) })
  }
}

/** A person at the agent desk, by its JSON API. */
export class Desk {
  readonly #url: string
  readonly #host: string

  /** @param host what the service is called, where it listens under another name */
  constructor (url: string, host = new URL(url).host) {
    this.#url = url
    this.#host = host
  }

  async ask<T = Record<string, unknown>> (method: string, path: string, { body, headers = {} }: {
    body?: unknown
    headers?: Record<string, string>
  } = {}): Promise<DeskAnswer<T>> {
    const raw = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    const type: Record<string, string> = body === undefined || Buffer.isBuffer(body) ? {} : { 'content-type': 'application/json' }
    const response = await this.#send(method, path, { ...type, ...headers }, raw)
    let text = ''
    for await (const part of response.setEncoding('utf8')) text += part
    const isJson = response.headers['content-type']?.includes('json')
    return { status: response.statusCode!, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as T }
  }

  async list (query = ''): Promise<{ entities: DeskConversation[], more: boolean }> {
    return (await this.ask<{ entities: DeskConversation[], more: boolean }>('GET', `/desk/conversations${query}`)).body
  }

  /** The conversation that holds a text, as the last thing that was said. */
  async find (text: string | RegExp): Promise<DeskConversation> {
    const found = (await this.list('?pageSize=100')).entities.find(({ lastMessage }) =>
      typeof text === 'string' ? lastMessage?.text === text : text.test(lastMessage?.text ?? ''))
    if (!found) throw new Error(`no conversation ends with ${text}`)
    return found
  }

  /** `POST` one of the acts of the desk. */
  act<T = Record<string, unknown>> (conversationId: string, act: string, body: unknown): Promise<DeskAnswer<T>> {
    return this.ask<T>('POST', `/desk/conversations/${conversationId}/${act}`, { body })
  }

  /** Watch what happens, from when this resolves. */
  async watch (): Promise<DeskEvents> {
    const events = new DeskEvents(await this.#send('GET', '/desk/events', { accept: 'text/event-stream' }))
    await events.next(({ event }) => event === 'ready')
    return events
  }

  #send (method: string, path: string, headers: Record<string, string>, body?: string | Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request(new URL(path, this.#url), { method, lookup, agent: false, headers: { host: this.#host, ...headers } }, resolve)
        .on('error', reject)
        .end(body)
    })
  }
}
