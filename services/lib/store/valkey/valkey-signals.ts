import { AsyncResource } from 'node:async_hooks'
import type { Signals } from '../store.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { ValkeySpace } from './valkey-space.ts'

/** Signals among all processes on a server. */
export class ValkeySignals implements Signals {
  readonly #space: ValkeySpace
  readonly #subscriptions: Subscriptions

  constructor (space: ValkeySpace, subscriptions: Subscriptions) {
    this.#space = space
    this.#subscriptions = subscriptions
  }

  async publish (channel: string, message: unknown): Promise<void> {
    const json = JSON.stringify(message)
    await this.#space.run(client => client.publish(this.#space.channelOf(channel), json))
  }

  subscribe<T> (
    channel: string, listen: (message: T) => void, { onResubscribed = () => {} }: { onResubscribed?: () => void } = {}
  ): Promise<() => void> {
    return this.#subscriptions.add(this.#space.channelOf(channel), {
      hear: AsyncResource.bind((json: string) => listen(JSON.parse(json) as T)),
      onResubscribed: AsyncResource.bind(onResubscribed)
    })
  }
}
