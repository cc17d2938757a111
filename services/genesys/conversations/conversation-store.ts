import type { createSerialQueues } from '#lib/concurrency/serial-queue.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import type { AttachmentStore } from '../attachments/attachment-store.ts'
import { push } from '../protocol/frames.ts'
import { guestErrors } from '../protocol/guest-errors.ts'
import type { StructuredMessage } from '../protocol/structured-message.ts'
import type { Connection, Connections } from '../sessions/connections.ts'
import type { ConversationEvents } from '../sessions/conversation-events.ts'
import type { GuestSession } from '../sessions/guest-session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { LogicalClock } from './logical-clock.ts'

// As far back a message is looked for that a guest refers to.
const maxSearched = 1_000
const chunkSize = 50

/** What is said in a session: kept, and passed on to those who are there. */
export class ConversationStore {
  readonly #messages: Collection<StructuredMessage>
  readonly #sessions: SessionStore
  readonly #connections: Connections
  readonly #events: ConversationEvents
  readonly #attachments: AttachmentStore
  readonly #clock: LogicalClock
  readonly #inTurn: ReturnType<typeof createSerialQueues>

  constructor (store: Store, { sessions, connections, events, attachments, inTurn }: {
    sessions: SessionStore
    connections: Connections
    events: ConversationEvents
    attachments: AttachmentStore
    inTurn: ReturnType<typeof createSerialQueues>
  }) {
    this.#messages = store.collection('message')
    this.#clock = new LogicalClock(store)
    this.#sessions = sessions
    this.#connections = connections
    this.#events = events
    this.#attachments = attachments
    this.#inTurn = inTurn
  }

  /**
   * Add a message: once this is done it is kept. Typing passes by.
   *
   * @param sender the socket it came from, which gets its answer elsewhere
   * @returns the message as the others have got it
   * @throws {GuestError} 4007 where the conversation has ended meanwhile
   */
  post (session: GuestSession, message: StructuredMessage, sender?: Connection): Promise<StructuredMessage> {
    return this.#inOrder(session, () => this.#post(session, message, sender))
  }

  async #post (session: GuestSession, message: StructuredMessage, sender?: Connection): Promise<StructuredMessage> {
    const posted = await this.#dated(session, message)
    const now = posted.type === 'Event' ? session : await this.#keep(session, posted)
    if (isPresence(posted)) await this.#keepEvent(session, posted)
    const [shown, forAgents] = await Promise.all([
      this.#attachments.withUrls(posted, session), this.#attachments.withUrls(posted)
    ])
    await this.#connections.send(session.key, push('StructuredMessage', shown), { except: sender })
    this.#events.publish({ type: 'message', session: now, message: forAgents })
    return shown
  }

  /** Show an event of the guest to those who look on, and to nobody else. */
  publish (session: GuestSession, message: StructuredMessage): void {
    this.#events.publish({ type: 'message', session, message })
  }

  /** As `publish`, for an event that stays in the history. */
  note (session: GuestSession, message: StructuredMessage): Promise<StructuredMessage> {
    return this.#inOrder(session, async () => {
      const noted = await this.#dated(session, message)
      await this.#keepEvent(session, noted)
      this.publish(session, noted)
      return noted
    })
  }

  /** The last message that was said. */
  async last (conversationId: string): Promise<StructuredMessage | undefined> {
    for (const limit of [1, chunkSize]) {
      const recent = await this.#messages.tagged(conversationId, { newestFirst: true, limit })
      const said = recent.find(({ type }) => type !== 'Event')
      if (said) return await this.#attachments.withUrls(said)
    }
    return undefined
  }

  /**
   * A page of a conversation, newest first.
   *
   * @param reader the guest who is to read it; without one it is for the agent's side
   */
  async history (conversationId: string, pageNumber: number, pageSize: number, reader?: GuestSession) {
    const total = await this.#messages.countTagged(conversationId)
    const page = await this.#messages.tagged(conversationId, {
      newestFirst: true,
      limit: pageSize,
      offset: (pageNumber - 1) * pageSize
    })
    const entities = await Promise.all(page.map(message => this.#attachments.withUrls(message, reader)))
    return { entities, pageSize, pageNumber, total, pageCount: Math.ceil(total / pageSize) }
  }

  /** A message that was said not long ago, by its id or by `channel.messageId`, which is the one that the SDK tells a page. */
  async find (conversationId: string, messageId: string): Promise<StructuredMessage | undefined> {
    for (let offset = 0; offset < maxSearched; offset += chunkSize) {
      const some = await this.#messages.tagged(conversationId, { newestFirst: true, limit: chunkSize, offset })
      const found = some.find(({ id, channel }) => id === messageId || channel.messageId === messageId)
      if (found || some.length < chunkSize) return found
    }
    return undefined
  }

  /** Forget all that was said and sent, files too. The conversation's session has to end first. */
  async forget (conversationId: string): Promise<void> {
    await Promise.all([this.#messages.deleteTagged(conversationId), this.#attachments.forget(conversationId)])
  }

  /** One order for all: what is said at once, at whichever replica, is dated, kept and passed on one after the other. */
  #inOrder<T> ({ conversationId }: GuestSession, act: () => Promise<T>): Promise<T> {
    return this.#inTurn(`conversation ${conversationId}`, act)
  }

  async #dated ({ conversationId }: GuestSession, message: StructuredMessage): Promise<StructuredMessage> {
    return { ...message, channel: { ...message.channel, time: await this.#clock.next(conversationId) } }
  }

  // By time, so that in the index what is written together lies together.
  #add (session: GuestSession, message: StructuredMessage): Promise<boolean> {
    return this.#messages.add(`${message.channel.time}/${message.id}`, message, {
      ttl: messageSecondsOf(session), tags: [session.conversationId]
    })
  }

  /** @returns the session, which goes on for longer now */
  async #keep (session: GuestSession, message: StructuredMessage): Promise<GuestSession> {
    const [touched] = await Promise.all([this.#sessions.touch(session), this.#add(session, message)])
    this.#connections.postponeExpiry(touched)
    if (touched.prolongedAt !== session.prolongedAt) {
      const seconds = messageSecondsOf(session)
      await Promise.all([
        this.#messages.prolongTagged(session.conversationId, seconds),
        this.#attachments.prolong(session.conversationId, seconds)
      ])
    }
    await this.#checkStillOn(session)
    return touched
  }

  /** Presence stays in the history as well, and prolongs nothing. */
  async #keepEvent (session: GuestSession, message: StructuredMessage): Promise<void> {
    await this.#add(session, message)
    await this.#checkStillOn(session)
  }

  /** What came after the conversation was forgotten would stay behind: whoever forgets one ends its session first. */
  async #checkStillOn ({ key, conversationId }: GuestSession): Promise<void> {
    if ((await this.#sessions.find(key))?.conversationId === conversationId) return
    await this.forget(conversationId)
    throw guestErrors.sessionNotFound()
  }
}

// A message outlives the session's next expiry by a quarter, so that it need not be written again for each new one.
const messageSecondsOf = ({ durationSeconds }: GuestSession) => durationSeconds * 1.25

const isPresence = (message: StructuredMessage) => message.type === 'Event' && message.events[0].eventType === 'Presence'
