import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/schema.ts'
import { bearerToken } from '../auth/bearer-token.ts'
import type { Conversations } from '../conversations/conversations.ts'
import type { Sessions } from '../conversations/sessions.ts'
import { PlatformError } from '../errors.ts'
import { sessionOfHistoryJwt } from '../guest/get-jwt.ts'
import type { RateLimits } from '../guest/rate-limits.ts'
import type { Jwts } from '../auth/jwt.ts'
import { limitRate } from './limit-rate.ts'

const querystring = Type.Object({
  pageNumber: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: 100, default: 25 })
})

/** The history of a conversation, newest first, for the JWT that `getJwt` gives on the guest WebSocket. */
export const guestMessages: FastifyPluginAsyncTypebox<{
  sessions: Sessions
  conversations: Conversations
  jwts: Jwts
  rateLimits: RateLimits
}> =
  async (app, { sessions, conversations, jwts, rateLimits }) => {
    app.get('/api/v2/webmessaging/messages', { schema: { querystring } }, async (request, reply) => {
      const session = await sessionOfHistoryJwt(bearerToken(request), { jwts, sessions })
      if (!session) throw new PlatformError(401, { reason: 'the JWT of getJwt is not ours, or not good any more' })
      const { conversationId } = session
      await limitRate(rateLimits, 'histories', conversationId, reply)
      reply.header('cache-control', 'no-store')
      return await conversations.history(conversationId, request.query.pageNumber, request.query.pageSize, session)
    })
  }
