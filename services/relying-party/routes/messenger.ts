import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Attempts } from '../attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { SignInError } from '../errors.ts'
import type { IdentityProvider } from '../oidc.ts'
import { requireSession } from '../plugins/session.ts'
import { checkReturnTo } from '../return-to.ts'
import type { Sessions } from '../sessions.ts'
import { withRetry } from './sign-in.ts'

// The provider would go on if it may show a page. Who is to use it is said in the request, so nobody else can.
const needsPage = new Set(['consent_required', 'interaction_required', 'account_selection_required'])

/**
 * The Messenger's own authorization code: a second authorization request, for Genesys' client, without a page where the
 * identity provider allows it. The code is handed to the page once and redeemed by Genesys.
 */
export const messengerRoutes: FastifyPluginAsyncTypebox<{
  config: RelyingPartyConfig
  idp: IdentityProvider
  attempts: Attempts
  sessions: Sessions
}> = async (app, { config, idp, attempts, sessions }) => {
  const returnToQuery = Type.Object({ return_to: Type.Optional(Type.String({ maxLength: 2000 })) })

  async function sendToProvider (request: FastifyRequest, reply: FastifyReply, sub: string, returnTo: string, interactive: boolean) {
    const { url, ...authorizationRequest } = await idp.startMessengerSignIn(sub, interactive ? undefined : 'none')
    await attempts.start(request, reply, { ...authorizationRequest, purpose: 'messenger', returnTo, interactive })
    reply.header('cache-control', 'no-store')
    return reply.redirect(url, 303)
  }

  app.get('/messenger/login', { schema: { querystring: returnToQuery } }, async (request, reply) => {
    const returnTo = checkReturnTo(request.query.return_to, config.app)
    // Pages come here by themselves. Signing in is a person's wish, so a tab that is late must not undo a sign-out.
    if (!request.signedIn) return reply.redirect(config.app + returnTo, 303)
    return sendToProvider(request, reply, request.signedIn.user.sub, returnTo, false)
  })

  app.get('/messenger/callback', {
    schema: { querystring: Type.Object({ state: Type.Optional(Type.String({ maxLength: 200 })) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const attempt = await attempts.take(request, reply, 'messenger', request.query.state)
    const retry = `/login?${new URLSearchParams({ return_to: attempt.returnTo })}`
    const session = request.signedIn
    if (!session) throw new SignInError('login_required', { retry })

    try {
      const { authCode, redirectUri, iss } = await idp.finishMessengerSignIn(request.url, attempt)
      const { nonce, codeVerifier } = attempt
      await sessions.keepMessengerCode(session.id, { authCode, redirectUri, nonce, codeVerifier, iss })
    } catch (error) {
      if (error instanceof SignInError && needsPage.has(error.error) && !attempt.interactive) {
        return sendToProvider(request, reply, session.user.sub, attempt.returnTo, true)
      }
      throw withRetry(error, retry)
    }
    return reply.redirect(config.app + attempt.returnTo, 303)
  })

  app.post('/messenger/auth-code', {
    preHandler: [requireSession, app.csrfProtection],
    schema: { querystring: returnToQuery }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const code = await sessions.takeMessengerCode(request.signedIn!.id)
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
