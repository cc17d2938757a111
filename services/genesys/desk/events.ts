import type { FastifyReply } from 'fastify'
import type { Happening, Happenings } from '../conversations/happenings.ts'
import type { GuestSession } from '../conversations/sessions.ts'
import type { StructuredMessage } from '../conversations/structured-message.ts'
import type { ConversationSummary } from './conversation-summary.ts'
import { createFeed } from './feed.ts'

/** A server-sent event of the desk, by its name. */
export type DeskEvent =
  /** what happens from now on will be sent: what was before is to be fetched */
  | { event: 'ready', data: Record<string, never>, retry: number }
  | { event: 'conversation', data: ConversationSummary }
  | { event: 'message', data: { conversationId: string, message: StructuredMessage } }
  | { event: 'presence', data: { conversationId: string, connections: number } }
  | { event: 'ended', data: { conversationId: string } }

// A desk that reads nothing keeps no more than this in memory. It is cut off, connects anew and loads what it has missed.
const maxUnread = 1_000
const retryMs = 1_000

/** Send a desk what happens, until it goes away. */
export async function sendEvents (
  reply: FastifyReply,
  happenings: Happenings,
  summaryOf: (session: GuestSession) => ConversationSummary
): Promise<void> {
  const feed = createFeed<DeskEvent>(maxUnread)
  const unsubscribe = happenings.subscribe(happening => {
    if (!feed.push(eventOf(happening, summaryOf))) reply.raw.destroy()
  })
  reply.sse.onClose(() => {
    unsubscribe()
    feed.close()
  })
  feed.push({ event: 'ready', data: {}, retry: retryMs })
  await reply.sse.send(feed)
}

function eventOf (happening: Happening, summaryOf: (session: GuestSession) => ConversationSummary): DeskEvent {
  switch (happening.type) {
    case 'session':
      return { event: 'conversation', data: summaryOf(happening.session) }
    case 'message':
      return { event: 'message', data: { conversationId: happening.session.conversationId, message: happening.message } }
    case 'presence':
      return { event: 'presence', data: { conversationId: happening.conversationId, connections: happening.connections } }
    case 'ended':
      return { event: 'ended', data: { conversationId: happening.conversationId } }
  }
}
