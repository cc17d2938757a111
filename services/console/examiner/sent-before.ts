import type { Journey } from '../journeys/journeys.ts'
import type { Message } from '../journeys/message.ts'

/** What an authorization request has that is for it alone. */
export const singleUse = ['state', 'nonce', 'code_challenge'] as const

const begins = ({ service, endpoint, method }: Message) =>
  service === 'idp' && (endpoint === 'pushed_authorization_request' || (endpoint === 'authorization' && method === 'GET'))

/** Where the values of authorization requests were seen first, in all journeys: whoever sends one again has not made up a new one. */
export class SentBefore {
  readonly #first = new Map<string, { journey: string, message: Message }>()

  constructor (journeys: readonly Pick<Journey, 'id' | 'messages'>[]) {
    for (const { id: journey, messages } of journeys) {
      for (const message of messages) {
        if (begins(message)) this.#note(journey, message)
      }
    }
  }

  #note (journey: string, message: Message): void {
    for (const name of singleUse) {
      const key = keyOf(name, message)
      const first = key === undefined ? undefined : this.#first.get(key)
      if (key !== undefined && (!first || message.at < first.message.at)) this.#first.set(key, { journey, message })
    }
  }

  /**
   * Those whose value another request had before. A browser that is reloaded, or goes back, sends the same request again: that is
   * not the application's doing.
   */
  of (journey: string, message: Message): Set<typeof singleUse[number]> {
    return new Set(singleUse.filter(name => {
      const first = this.#first.get(keyOf(name, message) ?? '')
      return first && first.message !== message && !(first.journey === journey && isSame(first.message, message))
    }))
  }
}

function keyOf (name: string, { realm, client_id: client, parameters }: Message): string | undefined {
  const value = parameters[name]
  return typeof value === 'string' && value !== '' ? [name, realm, client ?? parameters['client_id'], value].join(' ') : undefined
}

const isSame = (a: Message, b: Message) => JSON.stringify(a.parameters) === JSON.stringify(b.parameters)
