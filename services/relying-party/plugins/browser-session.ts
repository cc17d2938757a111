import fp from 'fastify-plugin'
import cookie from '@fastify/cookie'
import csrfProtection from '@fastify/csrf-protection'
import secureSession from '@fastify/secure-session'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieOf } from '../cookies.ts'
import type { RelyingPartyConfig } from '../config.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import type { Session, UserSessions } from '../sessions/user-sessions.ts'

declare module '@fastify/secure-session' {
  interface SessionData { id: string }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** the session of whoever is signed in */
    signedIn: Session | undefined
  }
}

/** The encrypted cookie, CSRF tokens bound to it, and `request.signedIn`. */
export const browserSession = fp<{
  config: RelyingPartyConfig
  providers: IdentityProviders
  sessions: UserSessions
}>(async (app, { config, providers, sessions }) => {
  const { name, options } = cookieOf(config.app, 'session')

  await app.register(cookie)
  await app.register(secureSession, {
    cookieName: name,
    key: config.session.key,
    expiry: config.session.lifetime,
    // Lax and not Strict: the browser comes back from the provider by a link from another site.
    cookie: { ...options, maxAge: config.session.lifetime }
  })
  await app.register(csrfProtection, { sessionPlugin: '@fastify/secure-session' })

  app.decorateRequest('signedIn', undefined)
  app.addHook('preHandler', async request => {
    const id = request.session.get('id')
    if (id === undefined || request.routeOptions.config.session === false) return
    const session = await sessions.use(id)
    // Of a provider that was taken out of the settings nothing more can be asked.
    if (session && !providers.has(session.issuer)) return sessions.end(id, 'expired')
    request.signedIn = session
  })
}, { name: 'browser-session' })

/** Guard of routes that scripts call: 401 for whoever is not signed in. */
export async function requireSession (request: FastifyRequest, reply: FastifyReply) {
  if (!request.signedIn) return reply.code(401).send({ error: 'signed_out' })
}
