import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { PlatformError } from '../protocol/platform-errors.ts'
import { bearerToken } from './bearer-token.ts'
import type { Grant, Tokens } from './tokens.ts'

/**
 * The user signs out of Messenger, in every tab and on every device (`deleteWebdeploymentsTokenRevoke`).
 *
 * @param options.onRevoked told whose tokens are gone: what else the user has ends with them
 */
export const revokeRoutes: FastifyPluginAsyncTypebox<{ tokens: Tokens, onRevoked: (grant: Grant) => Promise<void> }> =
  async (app, { tokens, onRevoked }) => {
    // Genesys' own JavaScript client says that an empty body is JSON.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, async () => undefined)

    app.delete('/api/v2/webdeployments/token/revoke', async (request, reply) => {
      const grant = await tokens.verify(bearerToken(request))
      if (!grant) throw new PlatformError(401, { reason: 'the JWT is expired, revoked or not ours' })
      await tokens.revoke(grant)
      await onRevoked(grant)
      return reply.code(204).header('cache-control', 'no-store').send()
    })
  }
