/** What a command found, and whether that is well. */
export interface Report {
  passed: boolean
  /** for programs */
  json: object
  /** for people */
  table: string
}

/** Print a report and end: with 0 where it passed, else with 1. */
export function printAndExit ({ passed, json, table }: Report, options: { json: boolean }): void {
  const text = options.json ? JSON.stringify(json, null, 2) : table
  // Ended here, since a name server that does not answer would keep the process for longer than anybody wants to wait.
  process.stdout.write(`${text}\n`, () => process.exit(passed ? 0 : 1))
}
