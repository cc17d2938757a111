import type { Store } from '#lib/store.ts'
import type { Attachments } from '../attachments/attachments.ts'
import type { Connection, Connections } from './connections.ts'
import { guestErrors, push } from '../guest/frames.ts'
import type { Happenings } from './happenings.ts'
import type { GuestSession, Sessions } from './sessions.ts'
import type { StructuredMessage } from './structured-message.ts'

/** What is said in a session: kept, and passed on to those who are there. */
export function openConversations (store: Store, { sessions, connections, happenings, attachments }: {
  sessions: Sessions
  connections: Connections
  happenings: Happenings
  attachments: Attachments
}) {
  const messages = store.collection<StructuredMessage>('message')
  const laterThanLast = createClock()

  // A message outlives the session's next expiry by a quarter, so that it need not be written again for each new one.
  const lifeOf = ({ durationSeconds }: GuestSession) => durationSeconds * 1.25

  async function keep (session: GuestSession, message: StructuredMessage) {
    // By time, so that in the index what is written together lies together.
    const key = `${message.channel.time}/${message.id}`
    const added = messages.add(key, message, { ttl: lifeOf(session), tags: [session.conversationId] })
    const touched = await sessions.touch(session)
    connections.expect(touched)
    if (touched.prolongedAt !== session.prolongedAt) {
      await Promise.all([
        messages.prolongTagged(session.conversationId, lifeOf(session)),
        attachments.prolong(session.conversationId, lifeOf(session))
      ])
    }
    await added
    await checkStillOn(session)
    return touched
  }

  /** What came after the conversation was forgotten would stay behind: whoever forgets one ends its session first. */
  async function checkStillOn ({ key, conversationId }: GuestSession) {
    if ((await sessions.find(key))?.conversationId === conversationId) return
    await Promise.all([messages.deleteTagged(conversationId), attachments.forget(conversationId)])
    throw guestErrors.sessionNotFound()
  }

  return {
    /**
     * Add a message: once this is done it is kept. Events pass by, history has none: our choice.
     *
     * @param sender the socket it came from, which gets its answer elsewhere
     * @returns the message as the others have got it
     */
    async post (session: GuestSession, message: StructuredMessage, sender?: Connection): Promise<StructuredMessage> {
      const posted = { ...message, channel: { ...message.channel, time: laterThanLast(session.conversationId) } }
      const now = posted.type === 'Event' ? session : await keep(session, posted)
      const [shown, forAgents] = await Promise.all([attachments.withUrls(posted, session), attachments.withUrls(posted)])
      for (const connection of connections.ofSession(session.key)) {
        if (connection !== sender) connection.send(push('StructuredMessage', shown))
      }
      happenings.publish({ type: 'message', session: now, message: forAgents })
      return shown
    },

    /** Show an event of the guest to those who look on, and to nobody else. */
    mention (session: GuestSession, message: StructuredMessage) {
      happenings.publish({ type: 'message', session, message })
    },

    /**
     * A page of a conversation, newest first.
     *
     * @param reader the guest who is to read it; without one it is for the agent's side
     */
    async history (conversationId: string, pageNumber: number, pageSize: number, reader?: GuestSession) {
      const total = await messages.countTagged(conversationId)
      const page = await messages.tagged(conversationId, {
        newestFirst: true,
        limit: pageSize,
        offset: (pageNumber - 1) * pageSize
      })
      const entities = await Promise.all(page.map(message => attachments.withUrls(message, reader)))
      return { entities, pageSize, pageNumber, total, pageCount: Math.ceil(total / pageSize) }
    },

    forget: (conversationId: string) => messages.deleteTagged(conversationId)
  }
}

export type Conversations = ReturnType<typeof openConversations>

/** Clients sort by `channel.time`, and drop a second message of the same time as a duplicate. */
function createClock () {
  const last = new Map<string, number>()
  let latest = 0
  return (conversationId: string) => {
    const now = Date.now()
    // What lies in the past is passed by the clock itself.
    if (now > latest) last.clear()
    const time = Math.max(now, (last.get(conversationId) ?? 0) + 1)
    last.set(conversationId, time)
    latest = Math.max(latest, time)
    return new Date(time).toISOString()
  }
}
