import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { lookup } from '../../services/lib/outbound/loopback-names.ts'
import type { DeskConversation } from './conversation.ts'

/** An answer of the desk. */
export interface DeskAnswer<T = Record<string, unknown>> {
  status: number
  headers: IncomingHttpHeaders
  text: string
  body: T
}

/** The JSON API of the agent desk. */
export class DeskApi {
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
    const response = await this.send(method, path, { ...type, ...headers }, raw)
    let text = ''
    for await (const part of response.setEncoding('utf8')) text += part
    const isJson = response.headers['content-type']?.includes('json')
    return { status: response.statusCode!, headers: response.headers, text, body: (isJson ? JSON.parse(text) : {}) as T }
  }

  async list (query = ''): Promise<{ entities: DeskConversation[], more: boolean }> {
    return (await this.ask<{ entities: DeskConversation[], more: boolean }>('GET', `/desk/conversations${query}`)).body
  }

  /** `POST` one of the acts of the desk. */
  act<T = Record<string, unknown>> (conversationId: string, act: string, body: unknown): Promise<DeskAnswer<T>> {
    return this.ask<T>('POST', `/desk/conversations/${conversationId}/${act}`, { body })
  }

  /** A request, as soon as an answer begins. */
  send (method: string, path: string, headers: Record<string, string>, body?: string | Buffer): Promise<IncomingMessage> {
    const url = new URL(path, this.#url)
    const { request } = url.protocol === 'https:' ? https : http
    return new Promise((resolve, reject) => {
      request(url, { method, lookup, agent: false, headers: { host: this.#host, ...headers } }, resolve)
        .on('error', reject)
        .end(body)
    })
  }
}
