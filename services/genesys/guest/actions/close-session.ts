import { Type } from '#lib/validation/schema.ts'
import { configuredSession, defineAction } from './action.ts'

/**
 * The guest ends the session, or leaves it with this socket only. The socket stays, so that the same client can
 * configure a new one. With `closeAllConnections: false` the session lives on.
 */
export const closeSession = defineAction({
  closeAllConnections: Type.Boolean()
}, async ({ token, closeAllConnections }, call) => {
  const { connection, messaging: { sessions, connections }, answer } = call
  const session = await configuredSession(token, call)
  if (closeAllConnections) {
    await sessions.makeReadOnly(session)
    await connections.closeSession(session.key, { except: connection })
  }
  await connections.leave(connection)
  answer('SessionResponse', { connected: false, newSession: false, readOnly: true, clearedExistingSession: false })
})
