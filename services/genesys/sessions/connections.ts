import type { Deployment } from '../deployments/deployments-file.ts'
import { push, type Frame } from '../protocol/frames.ts'
import type { ConversationEvents } from './conversation-events.ts'
import { userOf, type GuestSession } from './guest-session.ts'

// Genesys' resource center, "Web messaging limits".
const connectionsPerSession = 3

/** An open guest WebSocket. */
export interface Connection {
  /** counts for rate limits */
  readonly id: string
  readonly deployment: Deployment
  /** what was configured on it, and with which token */
  configured?: { token: string, session: string, conversationId: string, user: string | undefined } | undefined
  /** the token of the session that was configured on it and has expired */
  expired?: string | undefined
  /** how many of its requests in a row came too soon */
  tooSoon: number
  send (frame: Frame): void
  /** Send what is under way, then close as the server's own wish (RFC 6455 7.4.1). */
  close (reason: string): void
  /** As `close`, for a guest who does what nobody may do. */
  ban (reason: string): void
}

/** The open sockets, by what can happen to several of them at once. */
export class Connections {
  readonly #ofSession = new Map<string, Set<Connection>>()
  readonly #ofUser = new Map<string, Set<Connection>>()
  // When the session of open sockets expires, in epoch milliseconds, as far as known here.
  readonly #expiries = new Map<string, number>()
  readonly #events: ConversationEvents

  constructor (events: ConversationEvents) {
    this.#events = events
  }

  /** A session was configured on a socket, in place of what was there. A session that has too many lets its oldest go. */
  enter (connection: Connection, token: string, session: GuestSession): void {
    this.leave(connection)
    const { key, conversationId } = session
    const user = userOf(session)
    connection.configured = { token, session: key, conversationId, user }
    connection.expired = undefined
    const connections = add(this.#ofSession, key, connection)
    // The others of the session are in the new conversation too, where the guest has started anew.
    for (const other of connections) other.configured!.conversationId = conversationId
    if (user !== undefined) add(this.#ofUser, user, connection)
    this.#expiries.set(key, session.expiresAt)
    const [oldest] = connections
    if (connections.size > connectionsPerSession) this.#close(oldest!)
    this.#events.publish({ type: 'connections', conversationId, connections: connections.size })
  }

  /** A socket has closed, or has no session any more. */
  leave (connection: Connection): void {
    const { configured } = connection
    if (!configured) return
    const { session, user, conversationId } = configured
    remove(this.#ofSession, session, connection)
    if (user !== undefined) remove(this.#ofUser, user, connection)
    if (!this.#ofSession.has(session)) this.#expiries.delete(session)
    connection.configured = undefined
    this.#events.publish({ type: 'connections', conversationId, connections: this.#ofSession.get(session)?.size ?? 0 })
  }

  ofSession (session: string): Connection[] {
    return [...this.#ofSession.get(session) ?? []]
  }

  /** The session has been touched: it expires later than was known. */
  postponeExpiry ({ key, expiresAt }: GuestSession): void {
    if (this.#expiries.has(key)) this.#expiries.set(key, expiresAt)
  }

  /** Keys of the sessions with open sockets that were to expire before a time in epoch milliseconds. */
  due (time: number): string[] {
    return [...this.#expiries].filter(([, expiresAt]) => expiresAt <= time).map(([session]) => session)
  }

  /** The session has expired: its sockets stay, without it. */
  expire (session: string): Connection[] {
    const connections = this.ofSession(session)
    for (const connection of connections) {
      connection.expired = connection.configured?.token
      this.leave(connection)
    }
    return connections
  }

  /** Close the sockets of all sessions: their conversations are over. */
  closeAll (): void {
    for (const connection of [...this.#ofSession.values()].flatMap(connections => [...connections])) {
      const { conversationId } = connection.configured!
      this.#close(connection)
      this.#events.publish({ type: 'ended', conversationId })
    }
  }

  /** Tell all sockets of a user about the sign-out, and close them. */
  logout (user: string): void {
    for (const connection of [...this.#ofUser.get(user) ?? []]) {
      this.leave(connection)
      connection.send(push('LogoutEvent', {}))
      connection.close('The user has signed out.')
    }
  }

  /**
   * Close the sockets of a session.
   *
   * @param options.except the one on which this was asked for
   * @param options.reason `clearing` and `signedIn` mean something to all clients, `steppedUp` to our own script
   */
  closeSession (session: string, { except, reason }: { except?: Connection, reason?: string } = {}): void {
    for (const connection of this.ofSession(session)) {
      if (connection !== except) this.#close(connection, reason)
    }
  }

  /** Genesys' mobile SDK reads `reason`, its Java SDK documents `reasonCode`. */
  #close (connection: Connection, reason?: string): void {
    this.leave(connection)
    connection.send(push('ConnectionClosedEvent', reason === undefined ? {} : { reason, reasonCode: reason }))
    connection.close('The session was closed.')
  }
}

function add (index: Map<string, Set<Connection>>, key: string, connection: Connection): Set<Connection> {
  const connections = index.get(key) ?? new Set()
  index.set(key, connections.add(connection))
  return connections
}

function remove (index: Map<string, Set<Connection>>, key: string, connection: Connection) {
  const connections = index.get(key)
  connections?.delete(connection)
  if (connections?.size === 0) index.delete(key)
}
