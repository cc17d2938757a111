import { randomBytes } from 'node:crypto'
import type { Collection, Store } from '#lib/store/store.ts'

/** How far somebody has come with a lesson. */
export interface LessonProgress {
  lesson: number
  /** in epoch milliseconds */
  begunAt: number
  provenAt?: number
}

/** Somebody who learns, in one browser. */
export interface Learner {
  id: string
  /** what they have typed, or nothing */
  name: string
  seenAt: number
  progress: LessonProgress[]
}

// A term of a school.
const keptSeconds = 180 * 24 * 60 * 60

/** Who learns here and how far each has come: kept in this lab alone. */
export class Learners {
  readonly #learners: Collection<Learner>

  constructor (store: Store) {
    this.#learners = store.collection<Learner>('learners')
  }

  /** @param id what their browser has kept */
  async get (id: string | undefined): Promise<Learner | undefined> {
    return id === undefined ? undefined : this.#learners.get(id)
  }

  async all (): Promise<Learner[]> {
    return this.#learners.tagged('all')
  }

  async enrol (): Promise<Learner> {
    const learner = { id: randomBytes(16).toString('base64url'), name: '', seenAt: Date.now(), progress: [] }
    await this.#keep(learner)
    return learner
  }

  async rename (learner: Learner, name: string): Promise<Learner> {
    return this.#change(learner, kept => ({ ...kept, name }))
  }

  /** Replace the progress by that of a file, or by none. */
  async setProgress (learner: Learner, progress: LessonProgress[]): Promise<Learner> {
    return this.#change(learner, kept => ({ ...kept, progress }))
  }

  async note (learner: Learner, lesson: number, isProven: boolean): Promise<Learner> {
    return this.#change(learner, kept => {
      const before = kept.progress.find(entry => entry.lesson === lesson) ?? { lesson, begunAt: Date.now() }
      const now = { ...before, ...(isProven && before.provenAt === undefined && { provenAt: Date.now() }) }
      return { ...kept, progress: [...kept.progress.filter(entry => entry.lesson !== lesson), now].sort((a, b) => a.lesson - b.lesson) }
    })
  }

  async #change (learner: Learner, change: (kept: Learner) => Learner): Promise<Learner> {
    const changed = await this.#learners.update(learner.id, kept => ({ ...change(kept), seenAt: Date.now() }))
    return changed ?? learner
  }

  #keep (learner: Learner): Promise<void> {
    return this.#learners.set(learner.id, learner, { ttl: keptSeconds, tags: ['all'] })
  }
}
