import type { VerifiedIdentity } from '../../auth/identity.ts'
import { inbound } from '../../conversations/compose-message.ts'
import type { GuestSession } from '../../sessions/guest-session.ts'
import type { Call } from './action.ts'

/**
 * Change of privilege: whoever else has the token of an anonymous session, by whichever way, is not the person who signs in.
 * So the other sockets close; to come back, each has to show a JWT of that person. The reason is not
 * `signedIn`, by which clients would drop the token, which the person's own tabs share.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html#renew-the-session-id-after-any-privilege-level-change
 */
export function dismissOthers ({ key }: GuestSession, { connection, messaging: { connections } }: Call): Promise<void> {
  return connections.closeSession(key, { except: connection, reason: 'steppedUp' })
}

/**
 * An anonymous guest has signed in, in the middle of the conversation. What other device of the same person had a session
 * is told and loses it: a user has one conversation (reference: `high_level_stepup_flow` of Genesys' mobile SDK).
 *
 * @param session as it is from now on, with the identity
 * @returns whether there was another session
 */
export async function stepUp (session: GuestSession, identity: VerifiedIdentity, call: Call): Promise<boolean> {
  const { sessions, conversations, connections } = call.messaging
  const others = (await sessions.ofUser(session.deploymentId, identity)).filter(({ key }) => key !== session.key)
  for (const other of others) {
    await connections.closeSession(other.key, { reason: 'signedIn' })
    await sessions.forget(other)
    await conversations.forget(other.conversationId)
  }
  const signIn = inbound({ type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'SignIn' } }] }, identity)
  await conversations.post(session, signIn)
  return others.length > 0
}
