import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { basePathOf } from '#lib/server/request-target.ts'
import { refuseHead } from '#lib/server/refuse-head.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Attempt, Attempts } from '../sessions/attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { Refusal } from '../refusal.ts'
import { requireSession } from '../plugins/browser-session.ts'
import { hintOf } from '../oidc/redeemed-tokens.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import { checkReturnTo, urlOf } from '../return-to.ts'
import type { Session, UserSessions } from '../sessions/user-sessions.ts'

// The provider would go on if it may show a page. Who is to use it is said in the request, so nobody else can.
const needsPage = new Set(['consent_required', 'interaction_required', 'account_selection_required'])

// No error code says that a provider takes no hint that was issued to another client. `login_required` is left alone: it may say
// that it is somebody else who is signed in there, and nobody wants a code of theirs.
const mayBeAboutHint = ({ error }: Refusal) => error === 'invalid_request' || error.includes('hint')

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
  sessions: UserSessions
}> = async (app, { config, providers, attempts, sessions }) => {
  // Genesys knows one provider.
  const { main } = providers
  const returnTo = Type.Optional(Type.String())
  const hasMessenger = (session: Session | undefined): session is Session => session?.issuer === main.issuer

  /** Where a frame ends: at a page (`host-page.ts`) that tells the one around it how it went. */
  const endFrame = (reply: FastifyReply, outcome: string) =>
    reply.redirect(`${config.app}/messenger/frame?${new URLSearchParams({ outcome })}`, 303)

  const idTokenHintOf = async ({ id }: Session) => await sessions.hasHintRefusal(id) ? undefined : hintOf(await sessions.tokensOf(id))

  async function sendToProvider (request: FastifyRequest, reply: FastifyReply, session: Session, way: Way) {
    const { sub } = session.user
    try {
      const { url, ...authorizationRequest } = await main.startMessengerSignIn(sub, {
        prompt: way.manner === 'interactive' ? undefined : 'none',
        idTokenHint: way.hinted ? await idTokenHintOf(session) : undefined
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
    if (!(error instanceof Refusal)) throw error
    request.log.info(`refused: ${error.message}`)
    if (manner === 'in-frame') return endFrame(reply, error.error)
    if (session) await sessions.keepMessengerRefusal(session.id, error.error)
    return reply.redirect(urlOf(returnTo, config.app), 303)
  }

  /** How to ask once more after a refusal, if that may help. */
  async function wayAfter (error: unknown, { returnTo, manner, hinted }: Way, session: Session): Promise<Way | undefined> {
    if (!(error instanceof Refusal)) return undefined
    if (hinted && mayBeAboutHint(error)) {
      await sessions.keepHintRefusal(session.id)
      return { returnTo, manner, hinted: false }
    }
    return needsPage.has(error.error) && manner === 'at-once' ? { returnTo, manner: 'interactive', hinted } : undefined
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
      const hinted = await idTokenHintOf(session) !== undefined
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
    let attempt
    try {
      attempt = await attempts.take(request, reply, 'messenger', request.query.state)
    } catch (error) {
      if (!(error instanceof Refusal) || request.headers['sec-fetch-dest'] !== 'iframe') throw error
      // Firefox keeps our own Lax cookies from a frame that comes back from another site, as the whole chain of redirects
      // counts there, and a page about that is shown to nobody. https://github.com/httpwg/http-extensions/issues/2104
      return endRefused(request, reply, { returnTo: '/', manner: 'in-frame', hinted: false }, undefined, error)
    }
    const { returnTo, manner, sub } = attempt
    // Meanwhile somebody may have signed out, or somebody else in.
    const session = hasMessenger(request.signedIn) && request.signedIn.user.sub === sub ? request.signedIn : undefined

    try {
      if (!session) throw new Refusal('login_required')
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
