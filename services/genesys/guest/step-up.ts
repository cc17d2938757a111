import type { VerifiedIdentity } from '../auth/identity.ts'
import type { GuestSession } from '../conversations/sessions.ts'
import { inbound } from '../conversations/structured-message.ts'
import type { Call } from './action.ts'

/**
 * An anonymous guest has signed in, in the middle of the conversation. What other device of the same person had a session
 * is told and loses it: a user has one conversation (reference: `high_level_stepup_flow` of Genesys' mobile SDK).
 *
 * @param session as it is from now on, with the identity
 * @returns whether there was another session
 */
export async function stepUp (session: GuestSession, identity: VerifiedIdentity, call: Call): Promise<boolean> {
  const { sessions, conversations, attachments, connections } = call.messaging
  const others = (await sessions.ofUser(session.deploymentId, identity)).filter(({ key }) => key !== session.key)
  for (const other of others) {
    connections.closeSession(other.key, { reason: 'signedIn' })
    await sessions.forget(other)
    await Promise.all([conversations.forget(other.conversationId), attachments.forget(other.conversationId)])
  }
  connections.identify(session, identity)
  const signIn = inbound({ type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'SignIn' } }] }, identity)
  await conversations.post(session, signIn)
  return others.length > 0
}
