import { setTimeout as pause } from 'node:timers/promises'

/** Poll until a condition holds; an error counts as not yet. */
export async function until (what: string, holds: () => boolean | Promise<boolean>, patience = 20_000): Promise<void> {
  // A test may have stopped the clock.
  const giveUp = performance.now() + patience
  let last: unknown
  while (performance.now() < giveUp) {
    try {
      if (await holds()) return
      last = undefined
    } catch (error) {
      last = error
    }
    await pause(25)
  }
  throw new Error(`in vain for ${patience / 1000} s waited until ${what}`, { cause: last })
}
