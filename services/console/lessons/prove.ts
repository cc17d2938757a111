import { createPlaces } from '#lib/concurrency/places.ts'
import type { Attempt } from './attempts/attempt.ts'
import type { Attempts } from './attempts/attempts.ts'
import { fieldIn, Play } from './play/play.ts'
import { playAttack } from './play/play-move.ts'
import { MoveRefused } from './play/visitor.ts'
import type { Lesson, Variant } from './lesson.ts'

/** What came of one thing that was tried. */
export interface Outcome {
  ok: boolean
  /** in words: what was got hold of, or why not */
  says: string
  /** realm in which it was tried, for the live view */
  realm: string
}

/** Whether a lesson is mended: what is shown line by line. */
export interface Proof {
  proven: boolean
  /** the honest sign-in works */
  honest: Outcome
  /** the attack fails */
  attack: Outcome & { gained: boolean }
  /** what else has to hold, each with its words for when it does and when it does not; nobody has looked where one of the first two is not ok */
  variants: (Outcome & Pick<Variant, 'holds' | 'fails'>)[]
  /** attacks of other lessons that work now and did not before; nobody has looked where one of the first two is not ok */
  others: (Outcome & { lesson: number, title: string })[]
}

/** How the site is, for what is tried out. */
export interface Condition {
  /** names of checks and rules that were chosen as the mend */
  mended: string[]
  /** the check is that of the file which is edited */
  edits?: boolean
}

// Each has a realm at a time: a class that proves at once does not fill the provider with them, and the first are done sooner.
const placesForTrials = 16

/** Tries things out, each in an attempt of its own that is gone afterwards but for what the live view shows. */
export class Prover {
  readonly #attempts: Attempts
  readonly #lessons: Lesson[]
  readonly #inPlace = createPlaces(placesForTrials)

  constructor (attempts: Attempts, lessons: Lesson[]) {
    this.#attempts = attempts
    this.#lessons = lessons
  }

  /** Whether the attack of a lesson gains anything, and if not, why. */
  attack (lesson: Lesson, condition: Condition): Promise<Outcome & { gained: boolean }> {
    return this.#inPlace(() => this.#attack(lesson, condition))
  }

  /** The lines of a proof but for the last: the honest sign-in, the attack, and, once these two are right, what else has to hold. */
  mends (lesson: Lesson, condition: Condition): Promise<Omit<Proof, 'others'>> {
    return this.#inPlace(() => this.#mends(lesson, condition))
  }

  /** All lines: in the end the attacks of the other lessons, which were no danger before. */
  prove (lesson: Lesson, condition: Condition): Promise<Proof> {
    return this.#inPlace(() => this.#prove(lesson, condition))
  }

  async #attack (lesson: Lesson, condition: Condition): Promise<Outcome & { gained: boolean }> {
    return this.#inFreshAttempt(lesson, condition, async attempt => {
      const refused = await refusalOfAttack(attempt) ?? lesson.refusal
      const { loot } = attempt.state
      const gained = loot.length > 0
      return { gained, ok: !gained, says: gained ? loot.map(({ what }) => what).join(', ') : refused, realm: attempt.realm.name }
    })
  }

  /** Whether somebody can still sign in. */
  async #honest (lesson: Lesson, condition: Condition): Promise<Outcome> {
    return this.#inFreshAttempt(lesson, condition, async attempt => {
      const { realm: { name: realm } } = attempt
      const play = new Play(attempt)
      try {
        if (lesson.honest) return { ok: true, says: await lesson.honest(play), realm }
        const { text } = await play.signIn(play.alice, 'alice')
        const name = fieldIn(text, 'name')
        return { ok: name === 'Alice Anders', says: name === undefined ? 'Nobody is signed in afterwards' : `${name} is signed in`, realm }
      } catch (error) {
        return { ok: false, says: (error as Error).message, realm }
      }
    })
  }

  async #mends (lesson: Lesson, condition: Condition): Promise<Omit<Proof, 'others'>> {
    const [honest, attack] = [await this.#honest(lesson, condition), await this.#attack(lesson, condition)]
    const variants: Proof['variants'] = []
    // What does not hold by itself is not proven, whatever else does.
    for (const variant of honest.ok && attack.ok ? lesson.variants ?? [] : []) variants.push(await this.#try(variant, lesson, condition))
    return { proven: honest.ok && attack.ok && variants.every(({ ok }) => ok), honest, attack, variants }
  }

  async #prove (lesson: Lesson, condition: Condition): Promise<Proof> {
    const mends = await this.#mends(lesson, condition)
    const others: Proof['others'] = []
    for (const other of mends.honest.ok && mends.attack.ok ? this.#others(lesson) : []) {
      const outcome = await this.#inSiteOf(lesson, condition, other)
      if (outcome.gained) others.push({ ...outcome, lesson: other.number, title: other.title })
    }
    return { ...mends, proven: mends.proven && others.length === 0, others }
  }

  #try ({ holds, fails, run }: Variant, lesson: Lesson, condition: Condition): Promise<Proof['variants'][number]> {
    return this.#inFreshAttempt(lesson, condition, async attempt => {
      const { realm: { name: realm } } = attempt
      try {
        return { ...await run(new Play(attempt)), holds, fails, realm }
      } catch (error) {
        if (!(error instanceof MoveRefused)) throw error
        return { ok: false, says: error.message, holds, fails, realm }
      }
    })
  }

  /** Those whose attack shows whether a check of the site was weakened that this lesson does not break. */
  #others (lesson: Lesson): Lesson[] {
    const broken = lesson.weakness.checks ?? []
    return this.#lessons.filter(other => other !== lesson && other.weakness.checks && !other.weakness.checks.some(name => broken.includes(name)))
  }

  /** The attack of another lesson on the site as it is now: its own weakness is not there. */
  #inSiteOf (lesson: Lesson, condition: Condition, other: Lesson): Promise<Outcome & { gained: boolean }> {
    return this.#inFreshAttempt(other, { ...condition, mended: [...condition.mended, ...(other.mendedByAll ? other.mends : other.weakness.checks) ?? []] }, async attempt => {
      attempt.asIn(lesson, condition.mended, condition.edits ?? false)
      await refusalOfAttack(attempt)
      const gained = attempt.state.loot.length > 0
      return { gained, ok: !gained, says: attempt.state.loot.map(({ what }) => what).join(', '), realm: attempt.realm.name }
    })
  }

  async #inFreshAttempt<T> (lesson: Lesson, { mended, edits = false }: Condition, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = await this.#attempts.begin(lesson)
    try {
      Object.assign(attempt.state, { broken: true, mended, edits })
      await lesson.prepare?.(new Play(attempt))
      await attempt.applyRules()
      return await work(attempt)
    } finally {
      await this.#attempts.end(attempt, { keepJourneys: true })
    }
  }
}

/**
 * Play the attack of an attempt.
 *
 * @returns why a move of it was refused; nothing where none was. Whatever else goes wrong is no refusal, and proves nothing
 */
async function refusalOfAttack (attempt: Attempt): Promise<string | undefined> {
  try {
    await playAttack(attempt)
    return undefined
  } catch (error) {
    if (error instanceof MoveRefused) return error.message
    throw error
  }
}
