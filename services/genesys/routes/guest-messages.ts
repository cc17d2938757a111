import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/schema.ts'
import { bearerToken } from '../auth/bearer-token.ts'
import type { Conversations } from '../conversations/conversations.ts'
import { PlatformError } from '../errors.ts'
import { historyAudience } from '../guest/get-jwt.ts'
import type { RateLimits } from '../guest/rate-limits.ts'
import type { Jwts } from '../auth/jwt.ts'
import { limitRate } from './limit-rate.ts'

const querystring = Type.Object({
  pageNumber: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: 100, default: 25 })
})

/** The history of a conversation, newest first, for the JWT that `getJwt` gives on the guest WebSocket. */
export const guestMessages: FastifyPluginAsyncTypebox<{
  conversations: Conversations
  jwts: Jwts
  rateLimits: RateLimits
}> =
  async (app, { conversations, jwts, rateLimits }) => {
    app.get('/api/v2/webmessaging/messages', { schema: { querystring } }, async (request, reply) => {
      const conversation = (await jwts.verify(historyAudience, bearerToken(request)))?.['conversation']
      if (typeof conversation !== 'string') throw new PlatformError(401, { reason: 'the JWT of getJwt is expired or not ours' })
      await limitRate(rateLimits, 'histories', conversation, reply)
      reply.header('cache-control', 'no-store')
      return await conversations.history(conversation, request.query.pageNumber, request.query.pageSize)
    })
  }
