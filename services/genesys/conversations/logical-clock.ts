/**
 * Logical clock: no two messages of a conversation have one time. Clients sort by `channel.time`, and drop a second message of the
 * same time as a duplicate.
 */
export class LogicalClock {
  readonly #last = new Map<string, number>()
  #latest = 0

  /** @returns ISO 8601 */
  next (conversationId: string): string {
    const now = Date.now()
    // What lies in the past is passed by the clock itself.
    if (now > this.#latest) this.#last.clear()
    const time = Math.max(now, (this.#last.get(conversationId) ?? 0) + 1)
    this.#last.set(conversationId, time)
    this.#latest = Math.max(this.#latest, time)
    return new Date(time).toISOString()
  }
}
