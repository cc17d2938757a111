import type { Collection, Store } from '#lib/store/store.ts'

// Heartbeat: what a killed replica leaves behind counts no longer than this.
const aliveSeconds = 45
const heartbeatMs = 15_000

interface OpenConnection { id: string, session: string }

/** Which guest WebSockets are open at all replicas, by their sessions. */
export class OpenConnections {
  readonly #connections: Collection<OpenConnection>
  // Those of this replica alone: to prolong a whole session would keep what a killed one has left behind.
  readonly #own = new Map<string, OpenConnection>()
  readonly #timer: NodeJS.Timeout

  /** @param onGone told the session of sockets whose replica has gone */
  constructor (store: Store, onGone: (session: string) => void) {
    this.#connections = store.collection('open-connection', { onExpired: ({ session }) => onGone(session) })
    this.#timer = setInterval(() => {
      for (const connection of this.#own.values()) this.#write(connection).catch(() => { /* the next beat does */ })
    }, heartbeatMs).unref()
  }

  async add ({ id }: { id: string }, session: string): Promise<void> {
    const connection = { id, session }
    this.#own.set(id, connection)
    await this.#write(connection)
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

  #write (connection: OpenConnection): Promise<void> {
    return this.#connections.set(connection.id, connection, { ttl: aliveSeconds, tags: [connection.session] })
  }
}
