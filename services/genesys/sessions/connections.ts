import type { Store } from '#lib/store/store.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { push, type Frame } from '../protocol/frames.ts'
import type { ConversationEvents } from './conversation-events.ts'
import { userOf, type GuestSession } from './guest-session.ts'
import { OpenConnections } from './open-connections.ts'

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
  /** Close it as a server that others take the place of: a client connects anew, and loads what it has missed. */
  goAway (): void
  /** As `close`, for a guest who does what nobody may do. */
  ban (reason: string): void
}

/** What is to happen to sockets, at whichever replica they are open. */
type Order =
  | { type: 'send', session: string, frame: Frame, except?: string | undefined }
  | { type: 'move', session: string, conversationId: string }
  | { type: 'close', session: string, except?: string | undefined, only?: string, reason?: string | undefined }
  | { type: 'count', session: string, count: number }
  | { type: 'logout', user: string }
  | { type: 'close all' }

const channel = 'sockets'

/** The open sockets, by what can happen to several of them at once. */
export class Connections {
  readonly #ofSession = new Map<string, Set<Connection>>()
  readonly #ofUser = new Map<string, Set<Connection>>()
  // When the session of open sockets expires, in epoch milliseconds, as far as known here.
  readonly #expiries = new Map<string, number>()
  readonly #events: ConversationEvents
  readonly #order: (order: Order) => Promise<void>
  readonly #shared: OpenConnections | undefined
  // How many sockets of a session are open at all replicas.
  readonly #counts = new Map<string, number>()
  #unsubscribe = () => {}

  /** @param store by which the replicas of a service hear each other's orders, in one sequence */
  static async open (store: Store, events: ConversationEvents): Promise<Connections> {
    const connections = new Connections(store, events)
    if (!store.isShared) return connections
    // Orders were missed. Who connects anew loads the history, so nothing is lost.
    const onResubscribed = () => { for (const connection of connections.#all) connection.goAway() }
    connections.#unsubscribe = await store.signals.subscribe<Order>(channel, order => connections.#carryOut(order), { onResubscribed })
    return connections
  }

  private constructor (store: Store, events: ConversationEvents) {
    this.#events = events
    if (store.isShared) {
      this.#order = order => store.signals.publish(channel, order)
      this.#shared = new OpenConnections(store, session => { this.#tellCount(session).catch(() => {}) })
    } else {
      this.#order = async order => this.#carryOut(order)
    }
  }

  stop (): void {
    this.#unsubscribe()
    this.#shared?.stop()
  }

  get #all (): Connection[] {
    return [...this.#ofSession.values()].flatMap(connections => [...connections])
  }

  /** A session was configured on a socket, in place of what was there. A session that has too many lets its oldest go. */
  async enter (connection: Connection, token: string, session: GuestSession): Promise<void> {
    const { key, conversationId } = session
    const user = userOf(session)
    await this.leave(connection)
    connection.configured = { token, session: key, conversationId, user }
    connection.expired = undefined
    add(this.#ofSession, key, connection)
    if (user !== undefined) add(this.#ofUser, user, connection)
    this.#expiries.set(key, session.expiresAt)
    await this.#shared?.add(connection, key)
    // The others of the session are in the new conversation too, where the guest has started anew.
    await this.#order({ type: 'move', session: key, conversationId })
    const ids = await this.#idsOf(key)
    const [oldest] = ids
    if (ids.length > connectionsPerSession) await this.#order({ type: 'close', session: key, only: oldest! })
    await this.#tellCount(key, conversationId)
  }

  /** A socket has closed, or has no session any more. */
  async leave (connection: Connection): Promise<void> {
    const { configured } = connection
    if (!configured) return
    this.#remove(connection)
    await this.#shared?.delete(connection)
    await this.#tellCount(configured.session, configured.conversationId)
  }

  #remove (connection: Connection): void {
    const { session, user } = connection.configured!
    remove(this.#ofSession, session, connection)
    if (user !== undefined) remove(this.#ofUser, user, connection)
    if (!this.#ofSession.has(session)) this.#expiries.delete(session)
    connection.configured = undefined
  }

  async #idsOf (session: string): Promise<string[]> {
    return this.#shared ? await this.#shared.ofSession(session) : this.ofSession(session).map(({ id }) => id)
  }

  async #tellCount (session: string, conversationId?: string): Promise<void> {
    const count = this.#shared ? (await this.#shared.ofSession(session)).length : this.ofSession(session).length
    if (this.#shared) await this.#order({ type: 'count', session, count })
    if (conversationId !== undefined) this.#events.publish({ type: 'connections', conversationId, connections: count })
  }

  /** How many sockets of a session are open. */
  countOf (session: string): number {
    return this.#shared ? this.#counts.get(session) ?? 0 : this.ofSession(session).length
  }

  /** The sockets of a session that are open here. */
  ofSession (session: string): Connection[] {
    return [...this.#ofSession.get(session) ?? []]
  }

  /** The session has been touched: it expires later than was known. */
  postponeExpiry ({ key, expiresAt }: GuestSession): void {
    if (this.#expiries.has(key)) this.#expiries.set(key, expiresAt)
  }

  /** Keys of the sessions with sockets open here that were to expire before a time in epoch milliseconds. */
  due (time: number): string[] {
    return [...this.#expiries].filter(([, expiresAt]) => expiresAt <= time).map(([session]) => session)
  }

  /** The session has expired: its sockets stay, without it. */
  async expire (session: string): Promise<Connection[]> {
    const connections = this.ofSession(session)
    for (const connection of connections) {
      connection.expired = connection.configured?.token
      await this.leave(connection)
    }
    return connections
  }

  /** Send a frame to the sockets of a session. */
  async send (session: string, frame: Frame, { except }: { except?: Connection | undefined } = {}): Promise<void> {
    await this.#order({ type: 'send', session, frame, except: except?.id })
  }

  /** Close the sockets of all sessions: their conversations are over. */
  async closeAll (): Promise<void> {
    await this.#order({ type: 'close all' })
  }

  /** Tell all sockets of a user about the sign-out, and close them. */
  async logout (user: string): Promise<void> {
    await this.#order({ type: 'logout', user })
  }

  /**
   * Close the sockets of a session.
   *
   * @param options.except the one on which this was asked for
   * @param options.reason `clearing` and `signedIn` mean something to all clients, `steppedUp` to our own script
   */
  async closeSession (session: string, { except, reason }: { except?: Connection, reason?: string } = {}): Promise<void> {
    await this.#order({ type: 'close', session, except: except?.id, reason })
  }

  #carryOut (order: Order): void {
    switch (order.type) {
      case 'send':
        for (const connection of this.ofSession(order.session)) if (connection.id !== order.except) connection.send(order.frame)
        break
      case 'move':
        for (const { configured } of this.ofSession(order.session)) configured!.conversationId = order.conversationId
        break
      case 'close':
        for (const connection of this.ofSession(order.session)) {
          if (connection.id !== order.except && connection.id === (order.only ?? connection.id)) this.#close(connection, order.reason)
        }
        break
      case 'count':
        if (order.count > 0) this.#counts.set(order.session, order.count)
        else this.#counts.delete(order.session)
        break
      case 'logout':
        for (const connection of [...this.#ofUser.get(order.user) ?? []]) {
          this.#leave(connection)
          connection.send(push('LogoutEvent', {}))
          connection.close('The user has signed out.')
        }
        break
      case 'close all':
        for (const connection of this.#all) {
          const { conversationId } = connection.configured!
          this.#close(connection)
          this.#events.publish({ type: 'ended', conversationId })
        }
    }
  }

  /** Genesys' mobile SDK reads `reason`, its Java SDK documents `reasonCode`. */
  #close (connection: Connection, reason?: string): void {
    this.#leave(connection)
    connection.send(push('ConnectionClosedEvent', reason === undefined ? {} : { reason, reasonCode: reason }))
    connection.close('The session was closed.')
  }

  /** As `leave`, by an order, which waits for nothing. */
  #leave (connection: Connection): void {
    this.leave(connection).catch(() => { /* its entry ends without a heartbeat */ })
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
