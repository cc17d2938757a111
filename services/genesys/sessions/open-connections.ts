import type { Collection, Store } from '#lib/store/store.ts'

// Heartbeat: what a killed replica leaves behind counts no longer than this.
const aliveSeconds = 45
const heartbeatMs = 15_000

interface OpenConnection { id: string, session: string }

/** Which guest WebSockets are open at all replicas, by their sessions. */
export class OpenConnections {
  readonly #connections: Collection<OpenConnection>
  readonly #own = new Map<string, string>()
  readonly #timer: NodeJS.Timeout

  /** @param onGone told the session of sockets whose replica has gone */
  constructor (store: Store, onGone: (session: string) => void) {
    this.#connections = store.collection('open-connection', { onExpired: ({ session }) => onGone(session) })
    this.#timer = setInterval(() => {
      for (const session of new Set(this.#own.values())) this.#connections.prolongTagged(session, aliveSeconds).catch(() => {})
    }, heartbeatMs).unref()
  }

  async add ({ id }: { id: string }, session: string): Promise<void> {
    this.#own.set(id, session)
    await this.#connections.set(id, { id, session }, { ttl: aliveSeconds, tags: [session] })
  }

  async delete ({ id }: { id: string }): Promise<void> {
    this.#own.delete(id)
    await this.#connections.delete(id)
  }

  /** Ids of the sockets of a session, the oldest first. */
  async ofSession (session: string): Promise<string[]> {
    return (await this.#connections.tagged(session)).map(({ id }) => id)
  }

  stop (): void {
    clearInterval(this.#timer)
  }
}
