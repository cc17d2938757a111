import type { Deployment } from '../deployments.ts'
import { push, type Frame } from '../guest/frames.ts'
import type { Happenings } from './happenings.ts'
import { userOf, type GuestSession } from './sessions.ts'

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
export function createConnections (happenings: Happenings) {
  const ofSession = new Map<string, Set<Connection>>()
  const ofUser = new Map<string, Set<Connection>>()
  // When the session of open sockets expires, in epoch milliseconds, as far as known here.
  const deadlines = new Map<string, number>()

  function leave (connection: Connection) {
    const { configured } = connection
    if (!configured) return
    const { session, user, conversationId } = configured
    remove(ofSession, session, connection)
    if (user !== undefined) remove(ofUser, user, connection)
    if (!ofSession.has(session)) deadlines.delete(session)
    connection.configured = undefined
    happenings.publish({ type: 'presence', conversationId, connections: ofSession.get(session)?.size ?? 0 })
  }

  function closeForSession (connection: Connection, reason?: string) {
    leave(connection)
    sendConnectionClosed(connection, reason)
    connection.close('The session was closed.')
  }

  return {
    /** A session was configured on a socket, in place of what was there. A session that has too many lets its oldest go. */
    enter (connection: Connection, token: string, session: GuestSession) {
      leave(connection)
      const { key, conversationId } = session
      const user = userOf(session)
      connection.configured = { token, session: key, conversationId, user }
      connection.expired = undefined
      add(ofSession, key, connection)
      // The others of the session are in the new conversation too, where the guest has started anew.
      for (const other of ofSession.get(key)!) other.configured!.conversationId = conversationId
      if (user !== undefined) add(ofUser, user, connection)
      deadlines.set(key, session.expiresAt)
      const [oldest] = ofSession.get(key)!
      if (ofSession.get(key)!.size > connectionsPerSession) closeForSession(oldest!)
      happenings.publish({ type: 'presence', conversationId, connections: ofSession.get(key)!.size })
    },

    leave,

    /** The session has expired: its sockets stay, without it. */
    expire (session: string): Connection[] {
      const connections = [...ofSession.get(session) ?? []]
      for (const connection of connections) {
        connection.expired = connection.configured?.token
        leave(connection)
      }
      return connections
    },

    ofSession: (session: string): Connection[] => [...ofSession.get(session) ?? []],

    /** The session's expiry was put off. */
    expect ({ key, expiresAt }: GuestSession) {
      if (deadlines.has(key)) deadlines.set(key, expiresAt)
    },

    /** Keys of the sessions with open sockets that were to expire before a time in epoch milliseconds. */
    due: (time: number): string[] => [...deadlines].filter(([, expiresAt]) => expiresAt <= time).map(([session]) => session),

    /** Close the sockets of all sessions: their conversations are over. */
    closeAll () {
      for (const connection of [...ofSession.values()].flatMap(connections => [...connections])) {
        const { conversationId } = connection.configured!
        closeForSession(connection)
        happenings.publish({ type: 'ended', conversationId })
      }
    },

    /** Tell all sockets of a user about the sign-out, and close them. */
    logout (user: string) {
      for (const connection of [...ofUser.get(user) ?? []]) {
        leave(connection)
        connection.send(push('LogoutEvent', {}))
        connection.close('The user has signed out.')
      }
    },

    /**
     * Close the sockets of a session.
     *
     * @param options.except the one on which this was asked for
     * @param options.reason `clearing` and `signedIn` mean something to all clients, `steppedUp` to our own script
     */
    closeSession (session: string, { except, reason }: { except?: Connection, reason?: string } = {}) {
      for (const connection of [...ofSession.get(session) ?? []]) {
        if (connection !== except) closeForSession(connection, reason)
      }
    }
  }
}

export type Connections = ReturnType<typeof createConnections>

/** Genesys' mobile SDK reads `reason`, its Java SDK documents `reasonCode`. */
function sendConnectionClosed (connection: Connection, reason?: string) {
  connection.send(push('ConnectionClosedEvent', reason === undefined ? {} : { reason, reasonCode: reason }))
}

function add (index: Map<string, Set<Connection>>, key: string, connection: Connection) {
  const connections = index.get(key) ?? new Set()
  index.set(key, connections.add(connection))
}

function remove (index: Map<string, Set<Connection>>, key: string, connection: Connection) {
  const connections = index.get(key)
  connections?.delete(connection)
  if (connections?.size === 0) index.delete(key)
}
