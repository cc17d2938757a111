import type { Deployment } from './deployments.ts'
import { push, type Frame } from './guest/frames.ts'

/** An open guest WebSocket. */
export interface Connection {
  readonly deployment: Deployment
  /** key of the session that was configured on it */
  session?: string | undefined
  /** key of the user whom that session is authenticated as */
  user?: string | undefined
  send (frame: Frame): void
  /** Send what is under way, then close as the server's own wish (RFC 6455 7.4.1). */
  close (reason: string): void
}

/** The open sockets, by what can happen to several of them at once. */
export function createConnections () {
  const ofSession = new Map<string, Set<Connection>>()
  const ofUser = new Map<string, Set<Connection>>()

  function leave (connection: Connection) {
    remove(ofSession, connection.session, connection)
    remove(ofUser, connection.user, connection)
    connection.session = undefined
    connection.user = undefined
  }

  return {
    /** A session was configured on a socket, in place of what was there. */
    enter (connection: Connection, session: string, user: string | undefined) {
      leave(connection)
      connection.session = session
      connection.user = user
      add(ofSession, session, connection)
      if (user !== undefined) add(ofUser, user, connection)
    },

    leave,

    ofSession: (session: string): Connection[] => [...ofSession.get(session) ?? []],

    /** Tell all sockets of a user about the sign-out, and close them. */
    logout (user: string) {
      for (const connection of [...ofUser.get(user) ?? []]) {
        leave(connection)
        connection.send(push('LogoutEvent', {}))
        connection.close('The user has signed out.')
      }
    },

    /**
     * Close the other sockets of a session.
     *
     * @param reason `clearing` and `signedIn` mean something to clients
     */
    closePeers (connection: Connection, session: string, reason?: string) {
      for (const peer of [...ofSession.get(session) ?? []]) {
        if (peer === connection) continue
        leave(peer)
        sendConnectionClosed(peer, reason)
        peer.close('The session was closed.')
      }
    }
  }
}

export type Connections = ReturnType<typeof createConnections>

/** Genesys' mobile SDK reads `reason`, its Java SDK documents `reasonCode`. */
export function sendConnectionClosed (connection: Connection, reason?: string) {
  connection.send(push('ConnectionClosedEvent', reason === undefined ? {} : { reason, reasonCode: reason }))
}

function add (index: Map<string, Set<Connection>>, key: string, connection: Connection) {
  const connections = index.get(key) ?? new Set()
  index.set(key, connections.add(connection))
}

function remove (index: Map<string, Set<Connection>>, key: string | undefined, connection: Connection) {
  if (key === undefined) return
  const connections = index.get(key)
  connections?.delete(connection)
  if (connections?.size === 0) index.delete(key)
}
