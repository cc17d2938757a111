import { Type } from '#lib/schema.ts'
import { configuredSession, defineAction } from './action.ts'

/**
 * The guest ends the session, or leaves it with this socket only. The socket stays, so that the same client can
 * configure a new one. What `closeAllConnections: false` means to the session is not documented: that it lives on is our
 * choice.
 */
export const closeSession = defineAction({
  closeAllConnections: Type.Boolean()
}, async ({ token, closeAllConnections }, call) => {
  const { connection, messaging: { sessions, connections }, answer } = call
  const session = await configuredSession(token, call)
  if (closeAllConnections) {
    await sessions.makeReadOnly(session)
    connections.closeSession(session.key, { except: connection })
  }
  connections.leave(connection)
  answer('SessionResponse', { connected: false, newSession: false, readOnly: true, clearedExistingSession: false })
})
