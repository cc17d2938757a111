import { spawnSync } from 'node:child_process'
import type { Task } from './stores.ts'

/** What has become of a task. */
export interface Outcome {
  done: boolean
  /** a line for people, and where it is not done, why, and the commands that are left to them */
  lines: string[]
}

/**
 * Run the commands of a task, up to the first that fails.
 *
 * @param verdict what to call it when it is done, as `trusted`
 */
export function runTask ({ store, commands, obstacle }: Task, verdict: string): Outcome {
  const left = (reason: string): Outcome => ({ done: false, lines: [`  TO DO    ${store}`, `           ${reason}:`, ...commands.map(command => `           ${quoted(command)}`)] })
  if (obstacle !== undefined) return left(obstacle)
  for (const [program = '', ...args] of commands) {
    // Some ask in a window of their own, which takes as long as a person takes.
    const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
    if (status !== 0) return left(`${program} did not: ${(error?.message ?? stderr).trim().split('\n')[0] || `it ended with ${status}`}`)
  }
  return { done: true, lines: [`  ${verdict.padEnd(8)} ${store}`] }
}

/** As a shell takes it. */
function quoted (command: string[]): string {
  return command.map(word => /^[\w@%+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll(/["$`]/g, '\\$&')}"`).join(' ')
}
