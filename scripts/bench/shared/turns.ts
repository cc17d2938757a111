/**
 * Counterbalancing: whoever was last in a round is first in the next, so that a machine that grows slower or faster favours
 * nobody.
 */
export function inTurns<Contestant> (contestants: readonly Contestant[], round: number): readonly Contestant[] {
  return round % 2 === 0 ? contestants : contestants.toReversed()
}
