import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bearerToken } from '../auth/bearer-token.ts'
import type { Connections } from '../conversations/connections.ts'
import type { Sessions } from '../conversations/sessions.ts'
import { PlatformError } from '../errors.ts'
import { userKey } from '../auth/identity.ts'
import type { Tokens } from '../auth/tokens.ts'

/** The user signs out of Messenger, in every tab and on every device (`deleteWebdeploymentsTokenRevoke`). */
export const tokenRevoke: FastifyPluginAsyncTypebox<{ tokens: Tokens, connections: Connections, sessions: Sessions }> =
  async (app, { tokens, connections, sessions }) => {
    // Genesys' own JavaScript client says that an empty body is JSON.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, async () => undefined)

    app.delete('/api/v2/webdeployments/token/revoke', async (request, reply) => {
      const grant = await tokens.verify(bearerToken(request))
      if (!grant) throw new PlatformError(401, { reason: 'the JWT is expired, revoked or not ours' })
      await tokens.revoke(grant)
      connections.logout(userKey(grant.deploymentId, grant.identity))
      // Not before: a socket could ask for more meanwhile.
      await sessions.endAccess(grant.deploymentId, grant.identity)
      return reply.code(204).header('cache-control', 'no-store').send()
    })
  }
