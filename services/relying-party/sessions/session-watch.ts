import type { UserSessions } from './user-sessions.ts'

type Listener = () => void

const pollMs = 500
const maxListeners = 20

/**
 * Tells when sessions end, however they do. What a request to this process ends is told at once; what ends by time, or by
 * another process on the same store, is seen by polling.
 */
export class SessionWatch {
  readonly #sessions: UserSessions
  readonly #listeners = new Map<string, Set<Listener>>()
  #timer: NodeJS.Timeout | undefined

  constructor (sessions: UserSessions) {
    this.#sessions = sessions
    sessions.onEnd(id => this.#tell(id))
  }

  /**
   * @param onEnded called once, within a second of the end
   * @returns ends the watch, or nothing where this session is watched by too many already
   */
  watch (id: string, onEnded: Listener): (() => void) | undefined {
    const listeners = this.#listeners.get(id) ?? new Set()
    if (listeners.size >= maxListeners) return undefined
    this.#listeners.set(id, listeners.add(onEnded))
    this.#timer ??= setInterval(() => this.#poll(), pollMs)
    return () => {
      listeners.delete(onEnded)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#forget(id)
    }
  }

  /** End all watches, as if all sessions had ended. */
  close (): void {
    for (const id of this.#listeners.keys()) this.#tell(id)
  }

  async #poll (): Promise<void> {
    await Promise.all([...this.#listeners.keys()].map(async id => {
      if (!await this.#sessions.isThere(id).catch(() => true)) this.#tell(id)
    }))
  }

  #tell (id: string): void {
    const listeners = this.#listeners.get(id)
    if (!listeners) return
    this.#forget(id)
    for (const tell of listeners) tell()
  }

  #forget (id: string): void {
    this.#listeners.delete(id)
    if (this.#listeners.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
