import type { Attempt } from '../attempts/attempt.ts'
import type { Move } from '../lesson.ts'
import { Play } from './play.ts'
import { MoveRefused } from './visitor.ts'

/**
 * Play one move of the attack, by browsers without a window.
 *
 * @throws {MoveRefused} with the reason, where it is refused
 */
export async function playMove (attempt: Attempt, name: string): Promise<void> {
  const move = attempt.lesson.moves.find(move => move.name === name)
  if (!move) throw new MoveRefused(`There is no move “${name}” in this lesson.`)
  await play(attempt, move)
}

/** Play the whole attack, move by move. */
export async function playAttack (attempt: Attempt): Promise<void> {
  for (const move of attempt.lesson.moves) await play(attempt, move)
}

async function play (attempt: Attempt, move: Move): Promise<void> {
  const play = new Play(attempt)
  try {
    await move.run(play)
    if (!attempt.state.broken) return
    attempt.tick(move.name)
    attempt.note(move.name)
  } catch (error) {
    play.says(`Refused: ${(error as Error).message}`)
    throw error
  } finally {
    play.close()
  }
}
