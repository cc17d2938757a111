import type { Message } from '../journeys/message.ts'

const none: readonly Message[] = []

/** The messages of a journey by what is looked for in them, so that each check need not go through all of them. */
export class MessageIndex {
  readonly messages: readonly Message[]
  readonly #atEndpoint = new Map<string, Message[]>()
  readonly #presenting = new Map<string, Message[]>()

  /** @param messages in the order of time */
  constructor (messages: readonly Message[]) {
    this.messages = messages
    for (const message of messages) {
      put(this.#atEndpoint, message.endpoint, message)
      for (const value of new Set(Object.values(message.parameters))) {
        if (typeof value === 'string' && value !== '') put(this.#presenting, value, message)
      }
    }
  }

  /** What was asked at an endpoint, of any service. */
  at (endpoint: string): readonly Message[] {
    return this.#atEndpoint.get(endpoint) ?? none
  }

  /** Who has presented a code, a token or a state, at any endpoint of any service. */
  presenting (value: string | undefined): readonly Message[] {
    return value === undefined ? none : this.#presenting.get(value) ?? none
  }
}

function put (index: Map<string, Message[]>, key: string, message: Message): void {
  const messages = index.get(key)
  if (messages) messages.push(message)
  else index.set(key, [message])
}
