import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Attempt } from '../attempts/attempt.ts'
import type { Checks } from './checks.ts'
import type { Claims } from './id-token.ts'
import type { Account, Session } from './memory.ts'
import type { Tokens, Userinfo } from './provider.ts'

// Enough for a lesson, and little for a script that signs in in a loop.
const maxSessions = 100

/** Who is signed in in the browser that asks. */
export function sessionOf ({ attempt: { memory }, cookies }: FastifyRequest): { id: string, session: Session, account: Account } | undefined {
  const id = cookies['session'] ?? ''
  const session = memory.sessions[id]
  const account = session && memory.accounts[session.account]
  return session && account && { id, session, account }
}

/** Cookies of one attempt, which the sites of others do not get. */
export const cookieOptions = ({ id }: Attempt) => ({ path: `/a/${id}/`, httpOnly: true, sameSite: 'lax' as const })

/** Let somebody in whose ID token and profile were checked. */
export function beginSession (request: FastifyRequest, reply: FastifyReply, checks: Checks, { claims, profile, tokens }: {
  claims: Claims, profile: Userinfo, tokens: Partial<Tokens> & Pick<Tokens, 'id_token'>
}): void {
  const { attempt, cookies } = request
  const { sessions } = attempt.memory
  const account = accountOf(attempt, checks, claims, profile)
  const presented = cookies['session'] ?? ''
  const id = checks.renewsSessionId(cookies['session'])
  if (id !== presented) delete sessions[presented]
  sessions[id] = {
    account: account.key,
    sub: claims.sub,
    ...(claims.sid !== undefined && { sid: claims.sid }),
    idToken: tokens.id_token,
    ...(tokens.access_token !== undefined && { accessToken: tokens.access_token }),
    ...(tokens.refresh_token !== undefined && { refreshToken: tokens.refresh_token })
  }
  for (const eldest of Object.keys(sessions).slice(0, -maxSessions)) delete sessions[eldest]
  reply.setCookie('session', id, cookieOptions(attempt))
}

// Each account is asked anew for its key: what was opened before a check was switched is found after it.
function accountOf ({ memory: { accounts } }: Attempt, checks: Checks, claims: Claims, profile: Userinfo): Account {
  const wanted = checks.keysAccountsBySub(claims, profile)
  const found = Object.values(accounts).find(({ opened }) => checks.keysAccountsBySub(opened.claims, opened.profile) === wanted)
  if (found) return found
  const key = `${claims.iss} ${claims.sub}`
  return (accounts[key] = { key, name: profile.name ?? 'Nobody', email: profile.email ?? '', opened: { claims, profile } })
}
