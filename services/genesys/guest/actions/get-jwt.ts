import { userOf, type GuestSession } from '../../sessions/guest-session.ts'
import { configuredSession, defineAction } from './action.ts'
import type { Messaging } from '../messaging.ts'

// Not the JWT of the sign-in: this one opens the history of one conversation, for about a minute.
const lifetimeSeconds = 60

const historyAudience = 'guest-history'

/** The JWT that opens the history of the conversation that is on in a session. */
export const getJwt = defineAction({}, async ({ token }, call) => {
  const session = await configuredSession(token, call)
  const claims = { conversation: session.conversationId, user: userOf(session), access: session.access }
  call.answer('JwtResponse', await call.messaging.jwts.sign(historyAudience, claims, lifetimeSeconds))
})

/**
 * The session whose history a JWT of `getJwt` opens.
 *
 * @returns nothing where the JWT is expired or not ours, where the conversation is over, where its guest has signed in
 *   since, when what is said is for the person alone, and where the person has signed out since
 */
export async function sessionOfHistoryJwt (
  jwt: string,
  { jwts, sessions }: Pick<Messaging, 'jwts' | 'sessions'>
): Promise<GuestSession | undefined> {
  const claims = await jwts.verify(historyAudience, jwt)
  if (typeof claims?.['conversation'] !== 'string') return undefined
  const session = await sessions.ofConversation(claims['conversation'])
  const isGood = session && claims['user'] === userOf(session) && claims['access'] === session.access
  return isGood ? session : undefined
}
