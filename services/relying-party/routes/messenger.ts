import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { basePathOf } from '#lib/request-target.ts'
import { refuseHead } from '#lib/refuse-head.ts'
import { Type } from '#lib/schema.ts'
import type { Attempt, Attempts } from '../attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { SignInError } from '../errors.ts'
import { requireSession } from '../plugins/session.ts'
import type { IdentityProviders } from '../oidc/providers.ts'
import { checkReturnTo, urlOf } from '../return-to.ts'
import type { Session, Sessions } from '../sessions.ts'

// The provider would go on if it may show a page. Who is to use it is said in the request, so nobody else can.
const needsPage = new Set(['consent_required', 'interaction_required', 'account_selection_required'])

type MessengerAttempt = Extract<Attempt, { purpose: 'messenger' }>
type Way = Pick<MessengerAttempt, 'returnTo' | 'manner' | 'hinted'>

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
  const returnTo = Type.Optional(Type.String())
  const hasMessenger = (session: Session | undefined): session is Session => session?.issuer === main.issuer

  /** Where a frame ends: at a page (`host-page.ts`) that tells the one around it how it went. */
  const endFrame = (reply: FastifyReply, outcome: string) =>
    reply.redirect(`${config.app}/messenger/frame?${new URLSearchParams({ outcome })}`, 303)

  const idTokenOf = async ({ id }: Session) => (await sessions.tokensOf(id))?.idToken

  async function sendToProvider (request: FastifyRequest, reply: FastifyReply, session: Session, way: Way) {
    const { sub } = session.user
    try {
      const { url, ...authorizationRequest } = await main.startMessengerSignIn(sub, {
        prompt: way.manner === 'interactive' ? undefined : 'none',
        idTokenHint: way.hinted ? await idTokenOf(session) : undefined
      })
      await attempts.start(request, reply, { ...authorizationRequest, ...way, purpose: 'messenger', sub })
      return reply.redirect(url, 303)
    } catch (error) {
      return endRefused(request, reply, way, session, error)
    }
  }

  /** The person is signed in all the same, so it ends where they want to be. There the page says what became of the chat. */
  async function endRefused (
    request: FastifyRequest, reply: FastifyReply, { returnTo, manner }: Way, session: Session | undefined, error: unknown
  ) {
    if (!(error instanceof SignInError)) throw error
    request.log.info(`refused: ${error.message}`)
    if (manner === 'in-frame') return endFrame(reply, error.error)
    if (session) await sessions.keepMessengerRefusal(session.id, error.error)
    return reply.redirect(urlOf(returnTo, config.app), 303)
  }

  /** How to ask once more after a refusal, if that may help. */
  async function wayAfter (error: unknown, { returnTo, manner, hinted }: Way, session: Session): Promise<Way | undefined> {
    if (!(error instanceof SignInError)) return undefined
    if (needsPage.has(error.error) && manner === 'at-once') return { returnTo, manner: 'interactive', hinted: false }
    const mayBeAboutHint = error.error === 'invalid_request' && manner !== 'interactive' && !hinted
    const hasHint = mayBeAboutHint && main.messengerHint(await idTokenOf(session)) === 'if it is asked for'
    return hasHint ? { returnTo, manner, hinted: true } : undefined
  }

  app.get('/messenger/login', {
    onRequest: refuseHead,
    config: { rateLimit: { max: config.signInRateLimit, timeWindow: '1 minute' } },
    schema: { querystring: Type.Object({ return_to: returnTo, frame: Type.Optional(Type.Boolean()) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { return_to: path, frame = false } = request.query
    const returnTo = checkReturnTo(path, config.app)
    const session = request.signedIn
    if (hasMessenger(session)) {
      const hinted = main.messengerHint(await idTokenOf(session)) === 'at once'
      return sendToProvider(request, reply, session, { returnTo, manner: frame ? 'in-frame' : 'at-once', hinted })
    }
    // Pages come here by themselves. Signing in is a person's wish, so a tab that is late must not undo a sign-out.
    return frame ? endFrame(reply, 'login_required') : reply.redirect(urlOf(returnTo, config.app), 303)
  })

  app.get('/messenger/callback', {
    onRequest: refuseHead,
    schema: { querystring: Type.Object({ state: Type.Optional(Type.String({ maxLength: 200 })) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const attempt = await attempts.take(request, reply, 'messenger', request.query.state)
    const { returnTo, manner, sub } = attempt
    // Meanwhile somebody may have signed out, or somebody else in.
    const session = hasMessenger(request.signedIn) && request.signedIn.user.sub === sub ? request.signedIn : undefined

    try {
      if (!session) throw new SignInError('login_required')
      const { authCode, redirectUri, iss } = await main.finishMessengerSignIn(request.url, attempt)
      const { nonce, codeVerifier } = attempt
      await sessions.keepMessengerCode(session.id, { authCode, redirectUri, nonce, codeVerifier, iss })
    } catch (error) {
      const way = session && await wayAfter(error, attempt, session)
      return way ? sendToProvider(request, reply, session, way) : endRefused(request, reply, attempt, session, error)
    }
    return manner === 'in-frame' ? endFrame(reply, 'code') : reply.redirect(urlOf(returnTo, config.app), 303)
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
    const reason = await sessions.messengerRefusalOf(session.id)
    if (reason !== undefined) return reply.code(409).send({ error: 'code_refused', reason })
    const returnTo = checkReturnTo(request.query.return_to, config.app)
    return reply.code(409).send({
      error: 'code_required',
      location: `${basePathOf(config.app)}/messenger/login?${new URLSearchParams({ return_to: returnTo })}`
    })
  })

  app.get('/messenger/config', async () => {
    const { scriptUrl, environment, deploymentId } = config.messenger
    return { scriptUrl, environment, deploymentId }
  })
}
