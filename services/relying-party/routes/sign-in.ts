import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuseHead } from '#lib/server/refuse-head.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Attempts } from '../sessions/attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { Refusal } from '../refusal.ts'
import type { IdentityProvider } from '../oidc/identity-provider.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import { checkReturnTo, checkTargetLink, urlOf } from '../return-to.ts'
import type { UserSessions } from '../sessions/user-sessions.ts'

const maxIssuerLength = 2000
const url = Type.Optional(Type.String())

/** The authorization code flow: off to the identity provider, and back with a code. */
export const signInRoutes: FastifyPluginAsyncTypebox<{
  config: RelyingPartyConfig
  providers: IdentityProviders
  attempts: Attempts
  sessions: UserSessions
}> = async (app, { config, providers, attempts, sessions }) => {
  app.addHook('onRequest', refuseHead)
  const rateLimit = { max: config.signInRateLimit, timeWindow: '1 minute' }

  async function sendToProvider (
    request: FastifyRequest, reply: FastifyReply, provider: IdentityProvider,
    { returnTo, loginHint }: { returnTo: string, loginHint?: string | undefined }
  ) {
    reply.header('cache-control', 'no-store')
    const { url, ...authorizationRequest } = await provider.startSignIn({ loginHint })
      .catch(error => { throw withRetry(error, provider, returnTo) })
    await attempts.start(request, reply, { ...authorizationRequest, purpose: 'sign-in', issuer: provider.issuer, returnTo })
    return reply.redirect(url, 303)
  }

  app.get('/login', {
    config: { rateLimit },
    schema: { querystring: Type.Object({ return_to: url, iss: Type.Optional(Type.String({ maxLength: maxIssuerLength })) }) }
  }, async (request, reply) => {
    const returnTo = checkReturnTo(request.query.return_to, config.app)
    const provider = request.query.iss === undefined ? providers.main : providers.of(request.query.iss)
    return sendToProvider(request, reply, provider, { returnTo })
  })

  // A provider, or a portal of its, lets people begin there. It says who they are and where they want to go, and decides
  // nothing by that. https://openid.net/specs/openid-connect-core-1_0.html#ThirdPartyInitiatedLogin
  const initiation = Type.Object({
    iss: Type.String({ maxLength: maxIssuerLength }),
    login_hint: Type.Optional(Type.String({ maxLength: 500 })),
    target_link_uri: url
  })
  type Initiation = { iss: string, login_hint?: string, target_link_uri?: string }
  const initiate = (request: FastifyRequest, reply: FastifyReply, initiation: Initiation) => {
    const { iss, login_hint: loginHint, target_link_uri: target } = initiation
    return sendToProvider(request, reply, providers.of(iss), { returnTo: checkTargetLink(target, config.app), loginHint })
  }

  app.get('/login/initiate', { config: { rateLimit }, schema: { querystring: initiation } },
    (request, reply) => initiate(request, reply, request.query))
  app.post('/login/initiate', { config: { rateLimit }, schema: { body: initiation } },
    (request, reply) => initiate(request, reply, request.body))

  app.get('/callback/:name?', {
    config: { rateLimit },
    schema: { querystring: Type.Object({ state: Type.Optional(Type.String({ maxLength: 200 })) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const attempt = await attempts.take(request, reply, 'sign-in', request.query.state)
    const provider = providers.of(attempt.issuer)
    const { returnTo } = attempt
    // Each provider answers at a redirect URI of its own. At that of another, the code is not one of whom this browser was sent
    // to, and redeeming it would give it away. https://www.rfc-editor.org/rfc/rfc9700#section-4.4
    if (pathOf(request) !== provider.callback) throw withRetry(new Refusal('other_provider'), provider, returnTo)
    const isSignedIn = request.signedIn?.issuer === provider.issuer
    const signIn = await provider.finishSignIn(request.url, attempt, { isSignedIn })
      .catch(error => { throw withRetry(error, provider, returnTo) })

    // A new session id, so that whoever knew the old one does not share the session.
    if (request.signedIn) await sessions.end(request.signedIn.id, 'signed_out', { continuedBy: signIn })
    request.session.regenerate()
    request.session.set('id', (await sessions.start(signIn, request.headers['user-agent'] ?? '')).id)
    // Makes the secret of the CSRF tokens now: two pages that load at once would each make one and disagree.
    reply.generateCsrf()

    // Genesys needs a code of its own. The page asks for it, in a frame: should the provider refuse, or answer with an error
    // page, nobody is left there.
    return reply.redirect(urlOf(returnTo, config.app), 303)
  })

  function withRetry (error: unknown, provider: IdentityProvider, returnTo: string): unknown {
    if (!(error instanceof Refusal)) return error
    const chosen = provider === providers.main ? {} : { iss: provider.issuer }
    return error.withRetry(`/login?${new URLSearchParams({ return_to: returnTo, ...chosen })}`)
  }
}

const pathOf = (request: FastifyRequest) => request.url.split('?', 1)[0]
