import type { SharedLog } from '../store.ts'
import type { ValkeySpace } from './valkey-space.ts'

/** A log in a stream, whose ids are `<number>-0`. */
export class ValkeyLog<T> implements SharedLog<T> {
  readonly #space: ValkeySpace
  readonly #name: string
  readonly #stream: string
  readonly #maxEntries: number

  constructor (space: ValkeySpace, name: string, { maxEntries }: { maxEntries: number }) {
    this.#space = space
    this.#name = name
    this.#stream = space.prefixOf('l', name)
    this.#maxEntries = maxEntries
  }

  append (entry: T): Promise<number> {
    const json = JSON.stringify(entry)
    return this.#space.run(
      client => client.storeAppend(this.#space.keyOf('numbers'), this.#stream, this.#name, json, this.#maxEntries), { writes: true })
  }

  async read (since: number, limit?: number): Promise<{ number: number, entry: T }[]> {
    if (limit === 0) return []
    const after = `(${since}-0`
    const found = await this.#space.run(client =>
      limit === undefined ? client.xrange(this.#stream, after, '+') : client.xrange(this.#stream, after, '+', 'COUNT', limit))
    return found.map(([id, [, json]]) => ({ number: Number.parseInt(id, 10), entry: JSON.parse(json!) as T }))
  }
}
