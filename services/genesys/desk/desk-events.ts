import type { FastifyReply } from 'fastify'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { StructuredMessage } from '../protocol/structured-message.ts'
import type { ConversationEvent, ConversationEvents } from '../sessions/conversation-events.ts'
import type { GuestSession } from '../sessions/guest-session.ts'
import { BoundedQueue } from './bounded-queue.ts'
import type { ConversationSummary } from './conversation-summary.ts'

/** A server-sent event of the desk, by its name. */
export type DeskEvent =
  /** what happens from now on will be sent: what was before is to be fetched */
  | { event: 'ready', data: Record<string, never>, retry: number }
  | { event: 'conversation', data: ConversationSummary }
  | { event: 'message', data: { conversationId: string, message: StructuredMessage } }
  | { event: 'presence', data: { conversationId: string, connections: number } }
  /** there is news of where the guest has been, to be fetched */
  | { event: 'journey', data: { conversationId: string } }
  | { event: 'ended', data: { conversationId: string } }

// Back-pressure: a desk that reads nothing keeps no more than this in memory. It is cut off, connects anew and loads what it has missed.
const maxUnread = 1_000
const retryMs = 1_000

// More than people who look on, and few enough to keep up with.
const maxDesks = 100

/**
 * Send a desk what happens, until it goes away.
 *
 * @throws {PlatformError} 503 where too many look on already; a desk tries again in some seconds
 */
export async function sendEvents (
  reply: FastifyReply,
  events: ConversationEvents,
  summaryOf: (session: GuestSession) => ConversationSummary
): Promise<void> {
  if (events.subscribers >= maxDesks) {
    throw new PlatformError(503, { message: `${maxDesks} desks are open already: close one, then this one goes on by itself.` })
  }
  const unread = new BoundedQueue<DeskEvent>(maxUnread)
  const unsubscribe = events.subscribe(event => {
    if (!unread.push(eventOf(event, summaryOf))) reply.raw.destroy()
  }, () => reply.raw.destroy())
  reply.sse.onClose(() => {
    unsubscribe()
    unread.close()
  })
  unread.push({ event: 'ready', data: {}, retry: retryMs })
  await reply.sse.send(unread)
}

function eventOf (event: ConversationEvent, summaryOf: (session: GuestSession) => ConversationSummary): DeskEvent {
  switch (event.type) {
    case 'session':
      return { event: 'conversation', data: summaryOf(event.session) }
    case 'message':
      return { event: 'message', data: { conversationId: event.session.conversationId, message: event.message } }
    case 'connections':
      return { event: 'presence', data: { conversationId: event.conversationId, connections: event.connections } }
    case 'journey':
      return { event: 'journey', data: { conversationId: event.conversationId } }
    case 'ended':
      return { event: 'ended', data: { conversationId: event.conversationId } }
  }
}
