import { problem, skipped, type Check, type Outcome, type Row } from './finding.ts'
import { Unreachable } from './requests/peer.ts'

/** Which checks are wanted, by their names. */
export type Asked = (name: string) => boolean

/** Run all checks at once. One that fails is a row like the others, which come in the order given. */
export async function runAll<Subject> (section: string, checks: Check<Subject>[], subject: Subject): Promise<Row[]> {
  return Promise.all(checks.map(async check => ({ section, name: check.name, ...await settle(() => check.run(subject)) })))
}

/** Rows for checks that have nothing to look at. */
export function skipAll<Subject> (section: string, checks: Check<Subject>[], why: string): Row[] {
  return checks.map(({ name }) => ({ section, name, ...skipped(why) }))
}

/** What came of a look, also where it could not be taken. */
export async function settle (look: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof Unreachable) return problem(error.message, error.change)
    return problem(`could not be checked: ${(error as Error).message}`, 'see what the address above answers, e.g. with curl')
  }
}
