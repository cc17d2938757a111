import type { Attempt } from '../attempts/attempt.ts'
import { clientId } from '../attempts/clients.ts'
import { Play } from '../play/play.ts'
import type { Lesson } from '../lesson.ts'
import { stepsOf } from './steps.ts'

/** An attempt, as the page shows it. */
export function viewOf (attempt: Attempt, consoleUrl: string) {
  const { id, lesson, state: { broken, mended, edits, loot, log }, home, lair, realm: { name: realm, issuer } } = attempt
  const play = new Play(attempt)
  return {
    id,
    lesson: lesson.number,
    realm,
    issuer,
    home,
    lair,
    broken,
    mended,
    edits,
    loot,
    log,
    steps: stepsOf(attempt),
    moves: lesson.moves.map(({ name, by, says, opens }) => ({ name, by, says, opens: by === 'mallory' ? lair : addressOf(opens, play) })),
    curl: { break: curlOf(attempt, consoleUrl, true), mend: curlOf(attempt, consoleUrl, false) }
  }
}

// There is none before the moves that make it.
function addressOf (opens: Lesson['moves'][number]['opens'], play: Play): string | undefined {
  try {
    return opens?.(play)
  } catch {
    return undefined
  }
}

/** The calls that break it, or put it right, for a shell. */
function curlOf ({ id, lesson: { weakness: { checks, rules } }, realm: { issuer } }: Attempt, consoleUrl: string, isBroken: boolean): string[] {
  const json = (method: string, url: string, body: object) =>
    `curl -X ${method} ${url} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
  return [
    ...checks ? [json('PUT', `${consoleUrl}/attempts/${id}/broken`, { broken: isBroken })] : [],
    ...rules ? [json('PATCH', `${issuer}/lab/clients/${clientId}`, { permissive: isBroken ? rules : false })] : []
  ]
}
