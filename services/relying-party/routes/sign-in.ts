import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Attempts } from '../attempts.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { SignInError } from '../errors.ts'
import type { IdentityProvider } from '../oidc.ts'
import { checkReturnTo } from '../return-to.ts'
import type { Sessions } from '../sessions.ts'

/** The authorization code flow: off to the identity provider, and back with a code. */
export const signInRoutes: FastifyPluginAsyncTypebox<{
  config: RelyingPartyConfig
  idp: IdentityProvider
  attempts: Attempts
  sessions: Sessions
}> = async (app, { config, idp, attempts, sessions }) => {
  const rateLimit = { max: config.signInRateLimit, timeWindow: '1 minute' }

  app.get('/login', {
    config: { rateLimit },
    schema: { querystring: Type.Object({ return_to: Type.Optional(Type.String({ maxLength: 2000 })) }) }
  }, async (request, reply) => {
    const returnTo = checkReturnTo(request.query.return_to, config.app)
    const retry = `/login?${new URLSearchParams({ return_to: returnTo })}`
    const { url, ...authorizationRequest } = await idp.startSignIn().catch(error => { throw withRetry(error, retry) })
    await attempts.start(request, reply, { ...authorizationRequest, purpose: 'sign-in', returnTo, interactive: true })
    reply.header('cache-control', 'no-store')
    return reply.redirect(url, 303)
  })

  app.get('/callback', {
    config: { rateLimit },
    schema: { querystring: Type.Object({ state: Type.Optional(Type.String({ maxLength: 200 })) }) }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const attempt = await attempts.take(request, reply, 'sign-in', request.query.state)
    const here = new URLSearchParams({ return_to: attempt.returnTo })
    const signIn = await idp.finishSignIn(request.url, attempt).catch(error => { throw withRetry(error, `/login?${here}`) })

    // A new session id, so that whoever knew the old one does not share the session.
    if (request.signedIn) await sessions.end(request.signedIn.id)
    request.session.regenerate()
    request.session.set('id', (await sessions.start(signIn)).id)
    // Makes the secret of the CSRF tokens now: two pages that load at once would each make one and disagree.
    reply.generateCsrf()

    // Genesys needs a code of its own, and now the identity provider will ask nothing for it.
    return reply.redirect(`${config.app}/messenger/login?${here}`, 303)
  })
}

/** The same error, with a way to try again that keeps where the person wanted to go. */
export function withRetry (error: unknown, retry: string): unknown {
  if (!(error instanceof SignInError)) return error
  return new SignInError(error.error, { statusCode: error.statusCode, description: error.description, retry, cause: error.cause })
}
