import type { Store } from '#lib/store.ts'
import type { Connection, Connections } from './connections.ts'
import { push } from './guest/frames.ts'
import { sessionLife, type GuestSession } from './sessions.ts'
import type { StructuredMessage } from './structured-message.ts'

/** What is said in a session: kept, and passed on to those who are there. */
export function openConversations (store: Store, connections: Connections) {
  const messages = store.collection<StructuredMessage>('message')

  return {
    /**
     * Add a message: once this is done it is kept. Events pass by, history has none: our choice.
     *
     * @param sender the socket it came from, which gets its answer elsewhere
     */
    async post (session: GuestSession, message: StructuredMessage, sender?: Connection): Promise<void> {
      if (message.type === 'Text') {
        await messages.add(message.id, message, { ttl: sessionLife, tags: [session.conversationId] })
      }
      for (const connection of connections.ofSession(session.key)) {
        if (connection !== sender) connection.send(push('StructuredMessage', message))
      }
    },

    /** A page of a conversation, newest first. */
    async history (conversationId: string, pageNumber: number, pageSize: number) {
      const total = await messages.countTagged(conversationId)
      const entities = await messages.tagged(conversationId, {
        newestFirst: true,
        limit: pageSize,
        offset: (pageNumber - 1) * pageSize
      })
      return { entities, pageSize, pageNumber, total, pageCount: Math.ceil(total / pageSize) }
    },

    forget: ({ conversationId }: GuestSession) => messages.deleteTagged(conversationId)
  }
}

export type Conversations = ReturnType<typeof openConversations>
