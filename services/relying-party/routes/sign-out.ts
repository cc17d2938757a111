import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { RelyingPartyConfig } from '../config.ts'
import type { IdentityProvider } from '../oidc.ts'
import type { Sessions } from '../sessions.ts'

/** Ends the session here, and sends the browser to end it at the identity provider. */
export const signOutRoutes: FastifyPluginAsync<{
  config: RelyingPartyConfig
  idp: IdentityProvider
  sessions: Sessions
}> = async (app, { config, idp, sessions }) => {
  // In another tab, say: there is nothing to protect, and home is where the person wants to be.
  async function goHomeIfSignedOut (request: FastifyRequest, reply: FastifyReply) {
    if (!request.signedIn) return reply.redirect(`${config.app}/`, 303)
  }

  app.post('/logout', {
    preHandler: [goHomeIfSignedOut, app.csrfProtection]
  }, async (request, reply) => {
    const { id, idToken } = request.signedIn!
    await sessions.end(id)
    request.session.delete()
    return reply.redirect(idp.endSessionUrl(idToken) ?? `${config.app}/`, 303)
  })
}
