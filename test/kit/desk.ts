import { setTimeout } from 'node:timers/promises'
import type { DeskConversation } from './conversation.ts'
import type { DeskApi, DeskAnswer } from './desk-api.ts'
import { Guest, type Patience } from './guest.ts'
import { Hearing } from './hearing.ts'

const pageSize = 100
const pollMs = 50

/** Who takes a conversation, and what writes down what was exchanged when something is waited for in vain. */
interface Taking {
  name: string
  note: (expected: string) => Promise<string>
}

/** Somebody at the desk who has taken a conversation. */
export class Agent {
  readonly conversationId: string
  readonly #api: DeskApi
  readonly #name: string
  readonly #hearing: Hearing

  private constructor (api: DeskApi, conversationId: string, { name, note }: Taking) {
    this.conversationId = conversationId
    this.#api = api
    this.#name = name
    this.#hearing = new Hearing(name, () => this.#said(), note)
  }

  /** @internal */
  static async take (api: DeskApi, conversationId: string, taking: Taking): Promise<Agent> {
    done(await api.act(conversationId, 'take', { name: taking.name, takeOver: true }))
    return new Agent(api, conversationId, taking)
  }

  /** Send a text to the guest. */
  async says (text: string): Promise<void> {
    done(await this.#api.act(this.conversationId, 'messages', { name: this.#name, text }))
  }

  /**
   * Wait until the guest says something, which is heard once; what was said before the conversation was taken counts, too.
   *
   * @param wanted the whole text, or a pattern
   * @returns what was said
   * @throws {Error} which tells what was said instead
   */
  hears (wanted: string | RegExp, { within = 5 }: Patience = {}): Promise<string> {
    return this.#hearing.hear(wanted, within)
  }

  async #said () {
    const { messages } = done(await this.#api.ask<{
      messages: { entities: { id: string, direction: string, text?: string }[] }
    }>('GET', `/desk/conversations/${this.conversationId}?pageSize=${pageSize}`))
    return messages.entities.reverse().flatMap(({ id, direction, text }) =>
      direction === 'Inbound' && text !== undefined ? [{ id, text, from: 'guest' }] : [])
  }
}

/** Where people answer in place of the script. */
export class Desk {
  readonly #api: DeskApi
  readonly #subOf: (username: string) => Promise<string>
  readonly #note: Taking['note']

  /**
   * @param subOf subject identifier of a user
   * @param note writes down what was exchanged, and says where that is
   *
   * @internal
   */
  constructor (api: DeskApi, subOf: (username: string) => Promise<string>, note: Taking['note']) {
    this.#api = api
    this.#subOf = subOf
    this.#note = note
  }

  /** The conversations that there are, those that began last first. */
  async conversations (): Promise<DeskConversation[]> {
    const all: DeskConversation[] = []
    for await (const conversation of this.#all()) all.push(conversation)
    return all
  }

  /**
   * Take a conversation, from the script or from whoever has it.
   *
   * @param whose a guest, the name of a user who has signed in for the chat, in a browser for example, and is waited for, or one of the conversations
   * @param options.as what the guest is told who it is
   */
  async take (whose: Guest | string | Pick<DeskConversation, 'conversationId'>, { as = 'Noor', within = 5 }: Patience & { as?: string } = {}): Promise<Agent> {
    return Agent.take(this.#api, await this.#idOf(whose, within), { name: as, note: this.#note })
  }

  async #idOf (whose: Guest | string | Pick<DeskConversation, 'conversationId'>, within: number): Promise<string> {
    if (typeof whose === 'string') return await this.#idOfUser(whose, within)
    return whose instanceof Guest ? await this.#idOfGuest(whose) : whose.conversationId
  }

  async #idOfUser (username: string, within: number): Promise<string> {
    const sub = await this.#subOf(username)
    const giveUp = performance.now() + within * 1_000
    for (;;) {
      for await (const { conversationId, guest, readOnly } of this.#all()) if (guest.sub === sub && !readOnly) return conversationId
      if (performance.now() > giveUp) break
      await setTimeout(pollMs)
    }
    const others = (await this.conversations()).map(({ guest }) => guest.name ?? 'somebody without a name')
    const expected = `${username} had no conversation`
    throw new Error(`${expected} within ${within} s. Who has one: ${others.join(', ') || 'nobody'}.${await this.#note(expected)}`)
  }

  async #idOfGuest ({ joinId }: Guest): Promise<string> {
    for await (const { conversationId } of this.#all()) {
      const { status } = await this.#api.ask('GET', `/desk/conversations/${conversationId}/messages/${joinId}`)
      if (status === 200) return conversationId
    }
    throw new Error('The conversation of that guest is over.')
  }

  async * #all (): AsyncGenerator<DeskConversation> {
    for (let pageNumber = 1, more = true; more; pageNumber++) {
      const page = await this.#api.list(`?pageSize=${pageSize}&pageNumber=${pageNumber}`)
      yield * page.entities
      more = page.more
    }
  }
}

function done<T> ({ status, body, text }: DeskAnswer<T>): T {
  if (status !== 200) throw new Error(`The desk answered ${status}: ${(body as { message?: string }).message ?? text}`)
  return body
}
