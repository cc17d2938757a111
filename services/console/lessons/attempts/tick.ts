import type { Attempt } from './attempt.ts'

/** Tick what the messages of an attempt show. */
export function tickFrom (attempt: Attempt): void {
  const { entries } = attempt.ledger.query({ limit: 500 })
  const { state, lesson } = attempt
  if (entries.some(({ from, to, endpoint, status }) => from === 'browser' && to === 'relying-party' && endpoint === 'callback' && status === 303)) attempt.tick('see')
  if (state.loot.length > 0) attempt.tick('gain')
  for (const { name, shownBy } of lesson.moves) if (state.broken && shownBy && entries.some(shownBy)) attempt.tick(name)
}
