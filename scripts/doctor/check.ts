/** What came of a look at one thing. */
export interface Outcome {
  verdict: 'ok' | 'warning' | 'problem' | 'skipped'
  /** what was found, in words; never a code, a token or a secret */
  seen: string
  /** what to do about it: the setting here, or the field at the provider */
  change?: string
}

/** One thing that the doctor looks at. */
export interface Check<S> {
  /** a few words: the row's name */
  name: string
  run (subject: S): Outcome | Promise<Outcome>
}

/** A check and what came of it. */
export interface Row extends Outcome {
  section: string
  name: string
}

export const ok = (seen: string): Outcome => ({ verdict: 'ok', seen })
export const warning = (seen: string, change: string): Outcome => ({ verdict: 'warning', seen, change })
export const problem = (seen: string, change: string): Outcome => ({ verdict: 'problem', seen, change })
export const skipped = (why: string): Outcome => ({ verdict: 'skipped', seen: why })

/** A peer could not be asked, and what to do about that. */
export class Unreachable extends Error {
  override name = 'Unreachable'
  readonly change: string

  constructor (message: string, change: string, cause?: unknown) {
    super(message, { cause })
    this.change = change
  }
}

/** Run all checks at once. One that fails is a row like the others, which come in the order given. */
export async function runAll<S> (section: string, checks: Check<S>[], subject: S): Promise<Row[]> {
  return Promise.all(checks.map(async check => ({ section, name: check.name, ...await settle(() => check.run(subject)) })))
}

/** Rows for checks that have nothing to look at. */
export function skipAll<S> (section: string, checks: Check<S>[], why: string): Row[] {
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
