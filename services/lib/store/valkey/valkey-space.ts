import type { ValkeyConnection } from './valkey-connection.ts'
import type { ValkeyClient } from './scripts.ts'

// An entry is collected as garbage so long after its end by the server's clock, for clocks of the lab that are put back.
const marginMs = 24 * 60 * 60 * 1_000
const keysPerScan = 1_000

/** The keys of one store: they have a name between braces before them, so that a script may touch all of them. */
export class ValkeySpace {
  readonly #connection: ValkeyConnection
  readonly #prefix: string
  #isClosed = false

  constructor (connection: ValkeyConnection, name: string) {
    this.#connection = connection
    this.#prefix = `{${name}}:`
  }

  /** The key of what there is one of in a store. It outlives `clear`. */
  keyOf (what: 'sequence' | 'secrets' | 'revision' | 'numbers'): string {
    return `${this.#prefix}${what}`
  }

  /** The start of the keys of what `clear` removes: e entries, t lists by tag, x lists by expiry, l logs, w windows. */
  prefixOf (kind: 'e' | 't' | 'x' | 'l' | 'w', name: string): string {
    return `${this.#prefix}${kind}:${name}`
  }

  channelOf (name: string): string {
    return `${this.#prefix}signal:${name}`
  }

  /** As `ValkeyConnection.run`; not once the store is closed. */
  async run<T> (command: (client: ValkeyClient) => Promise<T>, options?: { writes?: boolean }): Promise<T> {
    if (this.#isClosed) throw new Error('the store is closed')
    return this.#connection.run(command, options)
  }

  async clear (): Promise<void> {
    let cursor = '0'
    do {
      const [next, keys] = await this.run(client => client.scan(cursor, 'MATCH', `${this.#prefix}?:*`, 'COUNT', keysPerScan))
      if (keys.length > 0) await this.run(client => client.unlink(...keys))
      cursor = next
    } while (cursor !== '0')
  }

  async remove (): Promise<void> {
    await this.clear()
    await this.run(client => client.unlink(...(['sequence', 'secrets', 'revision', 'numbers'] as const).map(what => this.keyOf(what))))
  }

  get isClosed (): boolean {
    return this.#isClosed
  }

  close (): void {
    this.#isClosed = true
  }
}

/** Until when something is kept, as scripts take it: by the clock of the caller, and in milliseconds from now by that of the server. */
export function expiryOf (ttl: number | undefined): [expires: string, garbageMs: string] {
  if (ttl === undefined) return ['', '']
  const ms = ttl * 1_000
  return [String(Date.now() + ms), String(Math.max(1, Math.ceil(ms) + marginMs))]
}
