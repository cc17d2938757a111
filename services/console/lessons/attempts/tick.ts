import type { Lesson } from '../lesson.ts'
import type { Attempt } from './attempt.ts'

/** Tick what the messages of an attempt show. */
export function tickFrom (attempt: Attempt): void {
  const { entries } = attempt.ledger.query({ limit: 500 })
  const { state, lesson } = attempt
  if (entries.some(({ from, to, endpoint, status }) => from === 'browser' && to === 'relying-party' && endpoint === 'callback' && status === 303)) attempt.tick('see')
  if (state.loot.length > 0) attempt.tick('gain')
  for (const { name, shownBy, after } of movesByHand(lesson)) {
    const since = state.broken ? state.doneAt[after] : undefined
    if (since !== undefined && entries.some(entry => entry.at >= since && shownBy(entry))) attempt.tick(name)
  }
}

/** Moves that messages show, each with what has to be done first: the attacker’s move before it, or the break where there is none. */
function movesByHand ({ moves }: Lesson) {
  return moves.flatMap(({ name, shownBy }, index) => {
    const { name: after } = moves.slice(0, index).findLast(({ by }) => by === 'mallory') ?? { name: 'break' }
    return shownBy ? [{ name, shownBy, after }] : []
  })
}
