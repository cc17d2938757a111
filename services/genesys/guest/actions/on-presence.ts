import { inbound } from '../../conversations/compose-message.ts'
import { push } from '../../protocol/frames.ts'
import { guestErrors } from '../../protocol/guest-errors.ts'
import type { GuestSession } from '../../sessions/guest-session.ts'
import type { Call } from './action.ts'

/** What a guest may send of `EventPresenceType`; `SignIn` and `SessionExpired` are the server's to send. */
type PresenceType = 'Join' | 'Disconnect' | 'Clear'

/** Of a bot that has the guest sign in. None does here. */
const ofBots = new Set(['Authenticate', 'AuthenticateCancel', 'AuthenticateFailure'])

/**
 * The guest joins, leaves for good, or has the conversation forgotten.
 *
 * @param customAttributes what the guest's page says about the guest, which counts with a Join as with a message
 */
export async function onPresence (
  type: string,
  customAttributes: Record<string, unknown> | undefined,
  session: GuestSession,
  call: Call
): Promise<void> {
  const { connection, messaging: { quota, sessions, conversations, agent } } = call
  switch (type) {
    case 'Join': {
      quota.check(session.identity === undefined)
      const known = customAttributes ? await sessions.addAttributes(session, customAttributes) : session
      const join = await conversations.note(known, presence(type, session, customAttributes))
      call.answer('StructuredMessage', join, 'message')
      return await agent.greet(session, connection.deployment)
    }
    case 'Disconnect':
      return await disconnect(session, call)
    case 'Clear':
      return await clear(session, call)
    default:
      if (ofBots.has(type)) throw guestErrors.featureUnavailable(`presence ${type}`)
      throw guestErrors.requestFailed('This presence is not the guest\'s to send.')
  }
}

const presence = (type: PresenceType, { identity }: GuestSession, customAttributes?: Record<string, unknown>) =>
  inbound({ type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] }, identity, {}, customAttributes)

async function disconnect (session: GuestSession, { connection, messaging: { sessions, conversations }, answer }: Call) {
  const { enabled, type } = connection.deployment.messenger.apps.conversations.conversationDisconnect
  const readOnly = enabled && type === 'ReadOnly'
  const ended = readOnly ? await sessions.makeReadOnly(session) : session
  const event = presence('Disconnect', session)
  if (readOnly) event.metadata = { ...event.metadata, readOnly: 'true' }
  answer('StructuredMessage', await conversations.post(ended, event, connection), 'message')
}

async function clear (session: GuestSession, { connection, messaging, answer }: Call) {
  const { sessions, conversations, visitorJourneys, connections } = messaging
  const { conversationClear } = connection.deployment.messenger.apps.conversations
  if (!conversationClear.enabled) throw guestErrors.clearNotSupported()
  await sessions.forget(session)
  await Promise.all([conversations.forget(session.conversationId), visitorJourneys.forget(session)])
  answer('StructuredMessage', presence('Clear', session), 'message')
  await connections.send(session.key, push('SessionClearedEvent', {}))
  await connections.closeSession(session.key, { reason: 'clearing' })
}
