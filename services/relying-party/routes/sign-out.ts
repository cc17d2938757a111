import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuseHead } from '#lib/server/refuse-head.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Attempts } from '../sessions/attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { Refusal } from '../refusal.ts'
import { policyOf } from '../plugins/content-security.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import type { Session, UserSessions } from '../sessions/user-sessions.ts'

/**
 * Ends the session here, and sends the browser to end it at the identity provider.
 *
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html
 */
export const signOutRoutes: FastifyPluginAsyncTypebox<{
  config: RelyingPartyConfig
  providers: IdentityProviders
  attempts: Attempts
  sessions: UserSessions
}> = async (app, { config, providers, attempts, sessions }) => {
  const home = `${config.app}/`

  /**
   * A form is sent on by a redirect. A script gets the address, and opens it: browsers hold each stop of a form's way against
   * `form-action`, and where a provider sends people to sign out upstream nobody here can know.
   */
  const sendOn = (request: FastifyRequest, reply: FastifyReply, location: string) =>
    request.headers.accept === 'application/json' ? reply.send({ location }) : reply.redirect(location, 303)

  // In another tab, say: there is nothing to protect, and home is where the person wants to be.
  async function goHomeIfSignedOut (request: FastifyRequest, reply: FastifyReply) {
    if (!request.signedIn) return sendOn(request, reply, home)
  }

  async function signOut (request: FastifyRequest, reply: FastifyReply, session: Session) {
    // Whatever happens: who has pressed the button goes away from the machine.
    request.session.delete()
    const idToken = (await sessions.tokensOf(session.id))?.idToken
    await sessions.end(session.id, 'signed_out')
    const provider = providers.of(session.issuer)
    const atProvider = provider.startSignOut(idToken)
    if (!atProvider) return sendOn(request, reply, home)
    const isThere = await provider.checkConnection().then(() => true, () => false)
    if (!isThere) return sendOn(request, reply, `${config.app}/logout/callback?error=provider_unavailable`)
    const { state, url, form } = atProvider
    const location = form ? `${config.app}/logout/at-provider?${new URLSearchParams({ state })}` : url
    try {
      await attempts.start(request, reply, { state, purpose: 'sign-out', form })
      return sendOn(request, reply, location)
    } catch (err) {
      // The way back may not be known then, but there is one.
      request.log.error({ err }, 'a sign-out could not be remembered')
      return sendOn(request, reply, url)
    }
  }

  app.post('/logout', {
    preHandler: [goHomeIfSignedOut, app.csrfProtection]
  }, (request, reply) => signOut(request, reply, request.signedIn!))

  app.post('/logout/everywhere', {
    preHandler: [goHomeIfSignedOut, app.csrfProtection]
  }, async (request, reply) => {
    const here = request.signedIn!
    const others = (await sessions.ofSamePerson(here)).filter(({ id }) => id !== here.id)
    await Promise.all(others.map(({ id }) => sessions.end(id, 'signed_out_elsewhere')))
    return signOut(request, reply, here)
  })

  // Browsers hold a form's whole way against `form-action`, and where the provider sends people on to nobody here can know.
  const contentSecurityPolicy = policyOf({
    'script-src': ["'self'"], 'style-src': ["'self'"], 'img-src': ["'self'"], 'form-action': ['*']
  })

  app.get('/logout/at-provider', {
    schema: { querystring: Type.Object({ state: Type.String({ maxLength: 200 }) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { form } = await attempts.find(request, 'sign-out', request.query.state) ?? {}
    if (!form) return reply.redirect(home, 303)
    reply.header('content-security-policy', contentSecurityPolicy)
    return reply.viewAsync('sign-out-at-provider', {
      host: new URL(form.action).host, action: form.action, fields: Object.entries(form.fields)
    })
  })

  app.get('/logout/callback', {
    onRequest: refuseHead,
    schema: {
      querystring: Type.Object({
        state: Type.Optional(Type.String({ maxLength: 200 })),
        error: Type.Optional(Type.Literal('provider_unavailable'))
      })
    }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (request.query.error) throw new Refusal('signed_out_here_alone', { statusCode: 503, retry: '/' })
    // The session has ended before. This is about the way back alone.
    await attempts.take(request, reply, 'sign-out', request.query.state).catch(error => {
      const isRefused = error instanceof Refusal
      if (!isRefused) request.log.error({ err: error }, 'the way back from a sign-out could not be looked up')
      throw new Refusal('sign_out_unconfirmed', { ...(isRefused && { description: error.message }), retry: '/', cause: error })
    })
    return reply.redirect(home, 303)
  })
}
