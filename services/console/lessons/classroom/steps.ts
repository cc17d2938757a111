import type { Attempt } from '../attempts/attempt.ts'

/** One step of a lesson, as the page shows it. */
export interface Step {
  name: string
  says: string
  done: boolean
}

/** What there is to do, in its order. A step is done when what was exchanged shows it, and never because somebody says so. */
export function stepsOf ({ lesson, state }: Pick<Attempt, 'lesson' | 'state'>): Step[] {
  const done = (name: string) => state.ticked.includes(name)
  const see = { name: 'see', says: lesson.see ?? 'Sign in at the shop as Alice, and watch', done: done('see') }
  // The first lesson has nothing to break.
  if (lesson.moves.length === 0) return [see]
  return [
    see,
    { name: 'break', says: 'Break it', done: state.broken },
    ...lesson.moves.map(({ name, says }) => ({ name, says, done: done(name) })),
    { name: 'gain', says: `What Mallory gains: ${lesson.gain}`, done: state.loot.length > 0 || done('gain') },
    { name: 'mend', says: 'Mend it', done: done('mend') },
    { name: 'prove', says: 'Prove it', done: done('prove') }
  ]
}
