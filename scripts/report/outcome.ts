/** What came of a look at one thing. */
export interface Outcome<Verdict extends string> {
  verdict: Verdict
  /** what was found, in words; never a code, a token or a secret */
  seen: string
}

/** One look at a subject. */
export interface Check<Subject, Result extends Outcome<string>> {
  /** a few words: the row's name */
  name: string
  run (subject: Subject): Result | Promise<Result>
}

/** A row of the table: a check and what came of it. */
export type Row<Verdict extends string> = Outcome<Verdict> & { name: string }

/** How many rows came to a verdict. */
export function count<Verdict extends string> (rows: readonly Row<Verdict>[], verdict: Verdict): number {
  return rows.filter(row => row.verdict === verdict).length
}
