import type { FastifyPluginAsync } from 'fastify'
import { clientId } from '../attempts/clients.ts'
import { readSignedToken } from './read-id-token.ts'
import { cookieOptions } from './sessions.ts'

/** Signing out: here, and because the provider says so. */
export const signOutRoutes: FastifyPluginAsync = async app => {
  app.post('/a/:attempt/logout', { config: { endpoint: 'logout' } }, async (request, reply) => {
    const { attempt, cookies } = request
    delete attempt.memory.sessions[cookies['session'] ?? '']
    reply.clearCookie('session', cookieOptions(attempt))
    return reply.redirect(attempt.home, 303)
  })

  // https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest
  app.post<{ Body: { logout_token?: string } }>('/a/:attempt/backchannel-logout', { config: { endpoint: 'backchannel_logout', from: 'idp' } }, async (request, reply) => {
    const { attempt, body } = request
    const { memory, nowSeconds, realm: { issuer } } = attempt
    const checks = await attempt.checks()
    const token = await readSignedToken(attempt, checks, issuer, String(body?.logout_token ?? ''))
    await checks.checksLogoutToken(token, { issuer, clientId, nowSeconds, usedBefore: memory.logoutTokens })
    const { sub, sid, jti } = token.claims
    for (const [id, session] of Object.entries(memory.sessions)) {
      if (sid === undefined ? session.sub === sub : session.sid === sid) delete memory.sessions[id]
    }
    if (jti !== undefined) memory.logoutTokens.push(jti)
    return reply.code(200).send()
  })
}
