import type * as report from '../report/outcome.ts'

export type Verdict = 'ok' | 'warning' | 'problem' | 'skipped'

export interface Outcome extends report.Outcome<Verdict> {
  /** what to do about it: the setting here, or the field at the provider */
  change?: string
}

/** One thing that the doctor looks at. */
export type Check<Subject> = report.Check<Subject, Outcome>

/** A check and what came of it. */
export interface Row extends Outcome {
  section: string
  name: string
}

export const ok = (seen: string): Outcome => ({ verdict: 'ok', seen })
export const warning = (seen: string, change: string): Outcome => ({ verdict: 'warning', seen, change })
export const problem = (seen: string, change: string): Outcome => ({ verdict: 'problem', seen, change })
export const skipped = (why: string): Outcome => ({ verdict: 'skipped', seen: why })
