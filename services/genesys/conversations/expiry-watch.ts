import type { Logger } from '#lib/server/http-server.ts'
import { sessionExpired } from '../protocol/frames.ts'
import type { Connections } from '../sessions/connections.ts'
import type { ConversationEvents } from '../sessions/conversation-events.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { ConversationStore } from './conversation-store.ts'

const pollMs = 250

/**
 * Polls for sessions that expire while their guests are there, and tells these at once. They would learn it from their next health
 * check.
 */
export class ExpiryWatch {
  readonly #sessions: SessionStore
  readonly #connections: Connections
  readonly #conversations: ConversationStore
  readonly #events: ConversationEvents
  readonly #timer: NodeJS.Timeout

  constructor ({ sessions, connections, conversations, events, log }: {
    sessions: SessionStore
    connections: Connections
    conversations: ConversationStore
    events: ConversationEvents
    log: Logger
  }) {
    this.#sessions = sessions
    this.#connections = connections
    this.#conversations = conversations
    this.#events = events
    this.#timer = setInterval(() => {
      for (const key of connections.due(Date.now())) {
        this.#expire(key).catch(err => log.error({ err }, 'a session could not be expired'))
      }
    }, pollMs).unref()
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  async #expire (key: string): Promise<void> {
    const alive = await this.#sessions.find(key)
    // Another replica may have heard from the guest.
    if (alive) return this.#connections.postponeExpiry(alive)
    const [connection] = this.#connections.ofSession(key)
    const conversationId = connection?.configured?.conversationId
    for (const each of await this.#connections.expire(key)) each.send(sessionExpired)
    if (conversationId === undefined) return
    await this.#conversations.forget(conversationId)
    this.#events.publish({ type: 'ended', conversationId })
  }
}
