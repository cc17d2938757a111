import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '#lib/schema.ts'
import type { Attempt, Attempts } from '../attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { SignInError } from '../errors.ts'
import { refuseHead } from '../plugins/refuse-head.ts'
import { requireSession } from '../plugins/session.ts'
import type { IdentityProviders } from '../oidc/providers.ts'
import { checkReturnTo } from '../return-to.ts'
import type { Session, Sessions } from '../sessions.ts'

// The provider would go on if it may show a page. Who is to use it is said in the request, so nobody else can.
const needsPage = new Set(['consent_required', 'interaction_required', 'account_selection_required'])

type Manner = Extract<Attempt, { purpose: 'messenger' }>['manner']

/**
 * The Messenger's own authorization code: a second authorization request, for Genesys' client, without a page where the
 * identity provider allows it. The code is handed to the page once and redeemed by Genesys.
 */
export const messengerRoutes: FastifyPluginAsyncTypebox<{
  config: RelyingPartyConfig
  providers: IdentityProviders
  attempts: Attempts
  sessions: Sessions
}> = async (app, { config, providers, attempts, sessions }) => {
  // Genesys knows one provider.
  const { main } = providers
  const returnTo = Type.Optional(Type.String({ maxLength: 2000 }))
  const hasMessenger = (session: Session | undefined): session is Session => session?.issuer === main.issuer

  async function sendToProvider (request: FastifyRequest, reply: FastifyReply, sub: string, returnTo: string, manner: Manner) {
    const { url, ...authorizationRequest } = await main.startMessengerSignIn(sub, manner === 'interactive' ? undefined : 'none')
    await attempts.start(request, reply, { ...authorizationRequest, purpose: 'messenger', sub, returnTo, manner })
    reply.header('cache-control', 'no-store')
    return reply.redirect(url, 303)
  }

  /** Where a frame ends: at a page (`host-page.ts`) that tells the one around it how it went. */
  const endFrame = (reply: FastifyReply, outcome: string) =>
    reply.redirect(`${config.app}/messenger/frame?${new URLSearchParams({ outcome })}`, 303)

  app.get('/messenger/login', {
    onRequest: refuseHead,
    config: { rateLimit: { max: config.signInRateLimit, timeWindow: '1 minute' } },
    schema: { querystring: Type.Object({ return_to: returnTo, frame: Type.Optional(Type.Boolean()) }) }
  }, async (request, reply) => {
    const { return_to: path, frame = false } = request.query
    const returnTo = checkReturnTo(path, config.app)
    const session = request.signedIn
    if (hasMessenger(session)) return sendToProvider(request, reply, session.user.sub, returnTo, frame ? 'in-frame' : 'at-once')
    // Pages come here by themselves. Signing in is a person's wish, so a tab that is late must not undo a sign-out.
    return frame ? endFrame(reply, 'login_required') : reply.redirect(config.app + returnTo, 303)
  })

  app.get('/messenger/callback', {
    onRequest: refuseHead,
    schema: { querystring: Type.Object({ state: Type.Optional(Type.String({ maxLength: 200 })) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const attempt = await attempts.take(request, reply, 'messenger', request.query.state)
    const { returnTo, manner, sub } = attempt
    const session = request.signedIn

    try {
      // Meanwhile somebody may have signed out, or somebody else in.
      if (!hasMessenger(session) || session.user.sub !== sub) throw new SignInError('login_required')
      const { authCode, redirectUri, iss } = await main.finishMessengerSignIn(request.url, attempt)
      const { nonce, codeVerifier } = attempt
      await sessions.keepMessengerCode(session.id, { authCode, redirectUri, nonce, codeVerifier, iss })
    } catch (error) {
      if (!(error instanceof SignInError)) throw error
      if (manner === 'in-frame') {
        request.log.info(`refused: ${error.message}`)
        return endFrame(reply, error.error)
      }
      if (needsPage.has(error.error) && manner === 'at-once') return sendToProvider(request, reply, sub, returnTo, 'interactive')
      throw error.withRetry(`/login?${new URLSearchParams({ return_to: returnTo })}`)
    }
    return manner === 'in-frame' ? endFrame(reply, 'code') : reply.redirect(config.app + returnTo, 303)
  })

  app.post('/messenger/auth-code', {
    preHandler: [requireSession, app.csrfProtection],
    schema: { querystring: Type.Object({ return_to: returnTo }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const session = request.signedIn!
    if (!hasMessenger(session)) return reply.code(403).send({ error: 'no_messenger' })
    const code = await sessions.takeMessengerCode(session.id)
    if (code) return code
    const returnTo = checkReturnTo(request.query.return_to, config.app)
    return reply.code(409).send({
      error: 'code_required',
      location: `/messenger/login?${new URLSearchParams({ return_to: returnTo })}`
    })
  })

  app.get('/messenger/config', async () => {
    const { scriptUrl, environment, deploymentId } = config.messenger
    return { scriptUrl, environment, deploymentId }
  })
}
