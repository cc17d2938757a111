import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import type { Signals } from '../store.ts'

/** Signals within this process, which has its store alone. */
export class LocalSignals implements Signals {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  async publish (channel: string, message: unknown): Promise<void> {
    const json = JSON.stringify(message)
    setImmediate(() => this.#emitter.emit(channelEvent(channel), json))
  }

  async subscribe<T> (channel: string, listen: (message: T) => void): Promise<() => void> {
    const hear = AsyncResource.bind((json: string) => listen(JSON.parse(json) as T))
    this.#emitter.on(channelEvent(channel), hear)
    return () => { this.#emitter.off(channelEvent(channel), hear) }
  }
}

// An emitter throws what it is given as `error`.
const channelEvent = (channel: string) => `channel ${channel}`
