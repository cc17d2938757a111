import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { bearerToken } from '../auth/bearer-token.ts'
import type { Jwts } from '../auth/jwt.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { RateLimiter } from '../protocol/rate-limiter.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { sessionOfHistoryJwt } from './actions/get-jwt.ts'

const querystring = Type.Object({
  pageNumber: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: 100, default: 25 })
})

/** The history of a conversation, newest first, for the JWT that `getJwt` gives on the guest WebSocket. */
export const historyRoutes: FastifyPluginAsyncTypebox<{
  sessions: SessionStore
  conversations: ConversationStore
  jwts: Jwts
  rateLimiter: RateLimiter
}> =
  async (app, { sessions, conversations, jwts, rateLimiter }) => {
    app.get('/api/v2/webmessaging/messages', { schema: { querystring } }, async (request, reply) => {
      const session = await sessionOfHistoryJwt(bearerToken(request), { jwts, sessions })
      if (!session) throw new PlatformError(401, { reason: 'the JWT of getJwt is not ours, or not good any more' })
      const { conversationId } = session
      await rateLimiter.countRequest('histories', conversationId, reply)
      reply.header('cache-control', 'no-store')
      return await conversations.history(conversationId, request.query.pageNumber, request.query.pageSize, session)
    })
  }
