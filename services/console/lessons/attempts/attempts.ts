import type { Ledger } from '#lib/ledger/ledger.ts'
import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import { emptyMemory } from '../careless/memory.ts'
import { messageOf } from '../../journeys/message.ts'
import type { Journeys } from '../../journeys/journeys.ts'
import type { Lesson } from '../lesson.ts'
import { Attempt, realmNameOf } from './attempt.ts'
import { freshState, type AttemptState } from './attempt-state.ts'
import type { Sites } from '../play/scene.ts'
import { RealmClient } from './realm-client.ts'
import { tickFrom } from './tick.ts'

// Long enough for a lesson with a break in it.
const idleSeconds = 60 * 60

// Time for a look back. With more of them a class of two hundred would fill the provider within the hour.
const attemptsOfLearner = 2

/** What attempts are made with. */
export interface AttemptsOptions {
  store: Store
  lessons: Lesson[]
  sites: Sites
  journeys: Journeys
  /** where files lie that somebody edits */
  editsFolder: string
}

/** The attempts that are under way. Each is kept, so that it goes on after a restart; what was idle for an hour is gone, and its realm with it. */
export class Attempts {
  readonly #kept: Collection<AttemptState>
  readonly #options: AttemptsOptions
  readonly #attempts = new Map<string, Attempt>()
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor (options: AttemptsOptions) {
    this.#options = options
    this.#kept = options.store.collection<AttemptState>('attempts', {
      onExpired: ({ id }) => {
        this.#attempts.delete(id)
        new RealmClient(options.sites.issuer, realmNameOf(id)).remove().catch(() => {})
      }
    })
  }

  /** Those of one learner, or of everybody. */
  async all (learner?: string): Promise<AttemptState[]> {
    return this.#kept.tagged(learner === undefined ? 'all' : `learner:${learner}`)
  }

  /**
   * Begin an attempt. Of a learner’s others only the one that was used last stays.
   *
   * @param learner who makes it; nobody for one that only tries something out
   * @throws {RealmError} where the provider does not make a realm for it
   */
  async begin (lesson: Lesson, learner?: string): Promise<Attempt> {
    if (learner !== undefined) await this.#makeRoom(learner)
    const attempt = this.#hold(freshState(lesson.number, learner), lesson)
    try {
      await attempt.realm.make(attempt.seed)
    } catch (error) {
      this.#attempts.delete(attempt.id)
      throw error
    }
    await this.keep(attempt)
    return attempt
  }

  async #makeRoom (learner: string): Promise<void> {
    const others = (await this.all(learner)).sort((a, b) => b.usedAt - a.usedAt)
    for (const { id } of others.slice(attemptsOfLearner - 1)) {
      const former = await this.find(id)
      if (former) await this.end(former)
    }
  }

  async find (id: string): Promise<Attempt | undefined> {
    const state = await this.#kept.get(id)
    if (!state) return undefined
    const lesson = this.#options.lessons.find(({ number }) => number === state.lesson)
    return this.#attempts.get(id) ?? (lesson && this.#hold(completed(state), lesson))
  }

  async keep (attempt: Attempt): Promise<void> {
    if (this.#attempts.get(attempt.id) !== attempt) return
    const { learner } = attempt.state
    attempt.state.usedAt = Date.now()
    await this.#kept.set(attempt.id, attempt.state, { ttl: idleSeconds, tags: ['all', ...(learner === undefined ? [] : [`learner:${learner}`])] })
    for (const listener of this.#listeners.get(attempt.id) ?? []) listener()
  }

  /**
   * End an attempt and leave nothing behind.
   *
   * @param options.keepJourneys what was exchanged stays to be seen in the live view
   */
  async end (attempt: Attempt, { keepJourneys = false }: { keepJourneys?: boolean } = {}): Promise<void> {
    this.#attempts.delete(attempt.id)
    attempt.ledger.close()
    await this.#kept.delete(attempt.id)
    await attempt.realm.remove()
    if (!keepJourneys) this.#options.journeys.forget(({ realm }) => realm === attempt.realm.name)
  }

  /** Be told whenever something has happened in an attempt. */
  subscribe (id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(id)
    }
  }

  #hold (state: AttemptState, lesson: Lesson): Attempt {
    const { sites, journeys, editsFolder } = this.#options
    const attempt = new Attempt(state, lesson, sites, editsFolder)
    this.#attempts.set(state.id, attempt)
    follow(attempt.ledger, entries => {
      for (const entry of entries) journeys.add(messageOf('relying-party', attempt.realm.name, attempt.ledger.id, entry))
      tickFrom(attempt)
      this.keep(attempt).catch(() => {})
    })
    return attempt
  }
}

/** Of an attempt that an older lab has kept, what it did not have yet. */
const completed = (state: AttemptState): AttemptState => ({ ...freshState(state.lesson), ...state, memory: { ...emptyMemory(), ...state.memory } })

function follow (ledger: Ledger, onEntries: (entries: LedgerEntry[]) => void): void {
  let since = 0
  ledger.subscribe(() => {
    const { entries, last } = ledger.query({ since, limit: 1_000, secrets: 'show' })
    since = last
    if (entries.length > 0) onEntries(entries)
  })
}
