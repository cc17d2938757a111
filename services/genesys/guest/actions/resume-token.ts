import { guestErrors } from '../../protocol/guest-errors.ts'
import { defineAction, configuredSession, type Call } from './action.ts'

// Who configures a session with it shares that session under a token of their own. Genesys' Java SDK has request and answer, and
// nothing says more: see "The wire" in services/genesys/README.md.
const lifetimeSeconds = 60
const audience = 'guest-resume'

/** A token with which another client can join this session without knowing this session's own. */
export const resumeToken = defineAction({}, async ({ token }, call) => {
  const { key } = await configuredSession(token, call)
  const { jwt, exp } = await call.messaging.jwts.sign(audience, { session: key, deployment: call.connection.deployment.id }, lifetimeSeconds)
  call.answer('ResumeTokenResponse', { resumeToken: jwt, exp })
})

/**
 * The session that a resume token was given out for; from now on the other token leads to it too.
 *
 * @param alias key of the other token
 * @throws {GuestError} 4007 where the resume token is expired, not ours or of another deployment
 */
export async function sessionOfResumeToken (resumeToken: string, { connection, messaging: { jwts, sessions } }: Call) {
  const claims = await jwts.verify(audience, resumeToken)
  const valid = claims?.['deployment'] === connection.deployment.id && typeof claims['session'] === 'string'
  const session = valid ? await sessions.find(String(claims['session'])) : undefined
  if (!session) throw guestErrors.sessionNotFound()
  return session
}
