import type { GuestSession } from '../sessions.ts'
import { inbound } from '../structured-message.ts'
import type { Call } from './action.ts'
import { sendConnectionClosed } from '../connections.ts'
import { guestErrors, push } from './frames.ts'

/** The presence that a guest may send (`EventPresenceType`); the others are the server's to send. */
export const presenceTypes = ['Join', 'Disconnect', 'Clear'] as const

type PresenceType = typeof presenceTypes[number]

/** The guest joins, leaves for good, or has the conversation forgotten. */
export async function onPresence (type: PresenceType, session: GuestSession, call: Call): Promise<void> {
  const { connection, messaging: { agent }, answer } = call
  const { conversationClear } = connection.deployment.messenger.apps.conversations
  if (type === 'Clear' && !conversationClear.enabled) throw guestErrors.clearNotSupported()

  const acknowledge = (metadata?: Record<string, string>) => {
    const message = inbound({ type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] }, session.identity)
    const echo = metadata ? { ...message, metadata: { ...message.metadata, ...metadata } } : message
    answer('StructuredMessage', echo, 'message')
    return echo
  }

  switch (type) {
    case 'Join':
      acknowledge()
      return await agent.greet(session, connection.deployment)
    case 'Disconnect':
      return await disconnect(session, call, acknowledge)
    case 'Clear':
      acknowledge()
      return await clear(session, call)
  }
}

async function disconnect (
  session: GuestSession,
  { connection, messaging: { sessions, conversations } }: Call,
  acknowledge: (metadata?: Record<string, string>) => ReturnType<typeof inbound>
) {
  const { enabled, type } = connection.deployment.messenger.apps.conversations.conversationDisconnect
  const readOnly = enabled && type === 'ReadOnly'
  if (readOnly) await sessions.makeReadOnly(session)
  await conversations.post(session, acknowledge(readOnly ? { readOnly: 'true' } : undefined), connection)
}

async function clear (session: GuestSession, { connection, messaging: { sessions, conversations, connections } }: Call) {
  await conversations.forget(session)
  await sessions.forget(session)
  for (const each of connections.ofSession(session.key)) each.send(push('SessionClearedEvent', {}))
  connections.closePeers(connection, session.key, 'clearing')
  connections.leave(connection)
  sendConnectionClosed(connection, 'clearing')
  connection.close('The conversation was cleared.')
}
