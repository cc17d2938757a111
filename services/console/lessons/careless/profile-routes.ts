import type { FastifyPluginAsync } from 'fastify'
import { decode } from './id-token.ts'
import { Refused } from './refused.ts'
import { sessionOf } from './sessions.ts'

/** The profile of an account is brought up to date by an access token that the page has got by itself, and hands over. */
export const profileRoutes: FastifyPluginAsync = async app => {
  app.post<{ Body: { access_token?: string } | undefined }>('/a/:attempt/profile', { config: { endpoint: 'profile' } }, async (request, reply) => {
    const { attempt, body } = request
    const found = sessionOf(request)
    if (!found) throw new Refused('Nobody is signed in.')
    const checks = await attempt.checks()
    const profile = await attempt.provider(attempt.realm.issuer).userinfo(String(body?.access_token ?? ''))
    checks.comparesUserinfoSub(profile, decode(found.session.idToken).claims)
    found.account.name = profile.name ?? found.account.name
    found.account.email = profile.email ?? found.account.email
    return reply.redirect(`${attempt.home}account`, 303)
  })
}
