import type { ConsoleClient, ListedLesson } from './console-client.ts'

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
 * Broken, the attack gains something and people can sign in, unless that is what is broken. With each of the mends, or all of them where it takes all, it gains nothing,
 * people can sign in, and nothing else was weakened. With any other choice by itself it still gains.
 */
export async function holdToPromise (console: ConsoleClient, lesson: ListedLesson): Promise<Verdict> {
  const { number, mends, mendedByAll, choices } = lesson
  const wrong: string[] = []

  const before = await console.try(number, [])
  if (!before.attack.gained) wrong.push(`broken, the attack gains nothing: ${before.attack.says}`)

  for (const mended of mendedByAll ? [mends] : mends.map(mend => [mend])) {
    const { attack, honest } = await console.try(number, mended)
    if (attack.gained) wrong.push(`mended by ${mended.join(' and ')}, the attack gains: ${attack.says}`)
    if (!honest.ok) wrong.push(`mended by ${mended.join(' and ')}, the honest sign-in fails: ${honest.says}`)
    if (!(await console.prove(number, mended)).proven) wrong.push(`mended by ${mended.join(' and ')}, it is not proven`)
  }

  const others = choices.filter(choice => mendedByAll || !mends.includes(choice))
  for (const choice of others) {
    const { attack } = await console.try(number, [choice])
    if (!attack.gained) wrong.push(`with ${choice} alone, the attack gains nothing: ${attack.says}`)
  }
  return { lesson, others: others.length, wrong }
}
