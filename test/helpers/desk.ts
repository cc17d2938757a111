import type { IncomingMessage } from 'node:http'
import type { DeskConversation } from '../kit/conversation.ts'
import { DeskApi } from '../kit/desk-api.ts'
import { until } from './until.ts'

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

/** A person at the agent desk, by its JSON API and its events. */
export class Desk extends DeskApi {
  /** The conversation that holds a text, as the last thing that was said. */
  async find (text: string | RegExp): Promise<DeskConversation> {
    const found = (await this.list('?pageSize=100')).entities.find(({ lastMessage }) =>
      typeof text === 'string' ? lastMessage?.text === text : text.test(lastMessage?.text ?? ''))
    if (!found) throw new Error(`no conversation ends with ${text}`)
    return found
  }

  /** Watch what happens, from when this resolves. */
  async watch (): Promise<DeskEvents> {
    const events = new DeskEvents(await this.send('GET', '/desk/events', { accept: 'text/event-stream' }))
    await events.next(({ event }) => event === 'ready')
    return events
  }
}
