import { randomUUID } from 'node:crypto'
import { realNow } from '#lib/clock/clock.ts'
import type { Logger } from '#lib/server/http-server.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import type { Content } from '../protocol/structured-message.ts'
import type { GuestSession } from '../sessions/guest-session.ts'

const pollMs = 2_000
// Whoever is to say something is not that late, as long as it lives.
const graceMs = 2_000
const mostAtOnce = 100

/** Which conversation of which session. */
type Place = Pick<GuestSession, 'key' | 'conversationId'>

interface Reply {
  id: string
  place: Place
  content: Content
  /** epoch milliseconds of the system */
  dueAt: number
}

/** Says something, as long as `take` gives it out, which is to be asked last. */
type Say = (place: Place, content: Content, take: () => Promise<boolean>) => Promise<void>

/**
 * Job queue: what the agent is about to say is in the store, so that another replica says it where this one has ended meanwhile, or
 * this one after its next start. Each is said by one of them.
 */
export class DueReplies {
  readonly #replies: Collection<Reply>
  readonly #delayMs: number
  readonly #say: Say
  readonly #log: Logger
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #saying = new Set<Promise<void>>()
  readonly #poll: NodeJS.Timeout

  constructor (store: Store, { delayMs, say, log }: { delayMs: number, say: Say, log: Logger }) {
    this.#replies = store.collection('due-reply')
    this.#delayMs = delayMs
    this.#say = say
    this.#log = log
    this.#poll = setInterval(() => {
      this.#sayLate().catch(() => { /* the next poll finds them */ })
    }, pollMs).unref()
  }

  async add ({ key, conversationId }: Place, content: Content): Promise<void> {
    const reply = { id: randomUUID(), place: { key, conversationId }, content, dueAt: realNow() + this.#delayMs }
    await this.#replies.set(reply.id, reply, { tags: ['all', conversationId] })
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#sayNow(reply)
    }, this.#delayMs)
    this.#timers.add(timer)
  }

  /** Have nothing said any more that is still to come in a conversation. */
  async drop (conversationId: string): Promise<void> {
    await this.#replies.deleteTagged(conversationId)
  }

  /** Before the store is closed: what is still to come is left to others. */
  async stop (): Promise<void> {
    clearInterval(this.#poll)
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all(this.#saying)
  }

  async #sayLate (): Promise<void> {
    const lateSince = realNow() - graceMs
    for (const reply of await this.#replies.tagged('all', { limit: mostAtOnce })) {
      if (reply.dueAt < lateSince) await this.#sayNow(reply)
    }
  }

  #sayNow ({ id, place, content }: Reply): Promise<void> {
    const saying = this.#say(place, content, async () => await this.#replies.take(id) !== undefined)
      .catch(err => this.#log.error({ err }, 'the agent could not answer'))
      .finally(() => this.#saying.delete(saying))
    this.#saying.add(saying)
    return saying
  }
}
