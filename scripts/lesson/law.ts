import { createPlaces } from '#lib/concurrency/places.ts'
import type { ConsoleClient, ListedLesson } from './console-client.ts'

// Enough that the processor waits for nobody, and so few that none waits for long in the middle of its attack.
const inPlace = createPlaces(4)

/** How a lesson keeps its promise: what is wrong, in words; nothing where all is right. */
export interface Verdict {
  lesson: ListedLesson
  /** how many other choices were tried */
  others: number
  wrong: string[]
}

/**
 * Hold a lesson to its promise: red before, green after, red with any other single mend.
 *
 * Broken, the attack gains something. With each of the mends, or all of them where it takes all, it is proven: the attack gains nothing, people can sign in, and nothing
 * else was weakened. With any other choice by itself it still gains, but for what only looks like a mend, which the proof refuses.
 */
export async function holdToPromise (console: ConsoleClient, lesson: ListedLesson): Promise<Verdict> {
  const { number, mends, mendedByAll, badMends, choices } = lesson
  const others = choices.filter(choice => !badMends.includes(choice) && (mendedByAll || !mends.includes(choice)))

  async function gainsWith (mended: string[], when: string): Promise<string[]> {
    const { gained, says } = await inPlace(() => console.attack(number, mended))
    return gained ? [] : [`${when}, the attack gains nothing: ${says}`]
  }

  async function isProvenWith (mended: string[]): Promise<string[]> {
    const { proven, honest, attack, variants, others } = await console.prove(number, mended)
    if (proven) return []
    const failed = [
      ...honest.ok ? [] : [`the honest sign-in fails: ${honest.says}`],
      ...attack.ok ? [] : [`the attack gains: ${attack.says}`],
      ...variants.filter(({ ok }) => !ok).map(({ fails, says }) => `${fails}: ${says}`),
      ...others.map(({ lesson, says }) => `the attack of lesson ${lesson} gains: ${says}`)
    ]
    return [`mended by ${mended.join(' and ')}, it is not proven: ${failed.join('; ')}`]
  }

  const isNotProvenWith = async (choice: string): Promise<string[]> =>
    (await console.prove(number, [choice])).proven ? [`with ${choice}, which only looks like a mend, it is proven`] : []

  // Each is played in a realm of its own: side by side they do not see each other, and the processor waits for nobody.
  const wrong = await Promise.all([
    gainsWith([], 'broken'),
    ...(mendedByAll ? [mends] : mends.map(mend => [mend])).map(isProvenWith),
    ...badMends.map(isNotProvenWith),
    ...others.map(choice => gainsWith([choice], `with ${choice} alone`))
  ])
  return { lesson, others: others.length + badMends.length, wrong: wrong.flat() }
}
