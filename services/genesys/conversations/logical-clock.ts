import type { Collection, Store } from '#lib/store/store.ts'

// What lies in the past is passed by the clock itself.
const keptSeconds = 60

/**
 * Logical clock: no two messages of a conversation have one time. Clients sort by `channel.time`, and drop a second message of the
 * same time as a duplicate.
 */
export class LogicalClock {
  readonly #shared: Collection<number> | undefined
  readonly #last = new Map<string, number>()
  #latest = 0

  /** @param store where replicas find each other's times */
  constructor (store: Store) {
    if (store.isShared) this.#shared = store.collection('last-message-time')
  }

  /** @returns ISO 8601 */
  async next (conversationId: string): Promise<string> {
    const time = this.#shared ? await this.#nextOf(this.#shared, conversationId) : this.#nextHere(conversationId)
    return new Date(time).toISOString()
  }

  #nextHere (conversationId: string): number {
    const now = Date.now()
    if (now > this.#latest) this.#last.clear()
    const time = Math.max(now, (this.#last.get(conversationId) ?? 0) + 1)
    this.#last.set(conversationId, time)
    this.#latest = Math.max(this.#latest, time)
    return time
  }

  async #nextOf (times: Collection<number>, conversationId: string): Promise<number> {
    const keeping = { ttl: keptSeconds }
    for (;;) {
      const time = await times.update(conversationId, last => Math.max(Date.now(), last + 1), () => keeping)
      if (time !== undefined) return time
      const now = Date.now()
      if (await times.add(conversationId, now, keeping)) return now
    }
  }
}
