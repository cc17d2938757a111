import type { Redis } from 'iovalkey'

interface Subscription {
  hear: (json: string) => void
  onResubscribed: () => void
}

/** Who of this process listens to which channel of a server, by a connection of its own, as one that subscribes can do nothing else. */
export class Subscriptions {
  readonly #connect: () => Redis
  readonly #inWords: (error: Error) => Error
  readonly #channels = new Map<string, Set<Subscription>>()
  #client: Redis | undefined
  #isReady: Promise<void> | undefined

  /**
   * @param connect makes a client, not connected yet, that subscribes to nothing by itself
   * @param inWords what is thrown in place of a client's error
   */
  constructor (connect: () => Redis, inWords: (error: Error) => Error) {
    this.#connect = connect
    this.#inWords = inWords
  }

  /** @returns ends it */
  async add (channel: string, subscription: Subscription): Promise<() => void> {
    const client = await this.#ready()
    const before = this.#channels.get(channel)
    const subscribers = before ?? new Set()
    subscribers.add(subscription)
    this.#channels.set(channel, subscribers)
    const end = () => {
      subscribers.delete(subscription)
      if (subscribers.size > 0 || this.#channels.get(channel) !== subscribers) return
      this.#channels.delete(channel)
      client.unsubscribe(channel).catch(() => { /* with the connection it has ended too */ })
    }
    try {
      // Also where another has begun to: by the answer it is so.
      await client.subscribe(channel)
    } catch (error) {
      end()
      throw this.#inWords(error as Error)
    }
    return end
  }

  /** @throws where there is no answer */
  async ping (): Promise<void> {
    if (this.#client?.status !== 'ready') return
    try {
      await this.#client.ping()
    } catch {
      this.#client.disconnect(true)
    }
  }

  close (): void {
    this.#client?.disconnect()
  }

  async #ready (): Promise<Redis> {
    this.#client ??= this.#open()
    try {
      await this.#isReady
    } catch (error) {
      throw this.#inWords(error as Error)
    }
    return this.#client
  }

  #open (): Redis {
    const client = this.#connect()
    client.on('error', () => { /* that of commands has noted it, or will */ })
    client.on('message', (channel: string, json: string) => {
      for (const { hear } of [...this.#channels.get(channel) ?? []]) hear(json)
    })
    this.#isReady = client.connect()
    this.#isReady.catch(() => { this.#isReady = undefined })
    client.once('ready', () => client.on('ready', () => { this.#resubscribe(client) }))
    return client
  }

  async #resubscribe (client: Redis): Promise<void> {
    const channels = [...this.#channels]
    try {
      if (channels.length > 0) await client.subscribe(...channels.map(([channel]) => channel))
    } catch {
      // The next connection does it.
      return client.disconnect(true)
    }
    for (const [, subscribers] of channels) for (const { onResubscribed } of [...subscribers]) onResubscribed()
  }
}
