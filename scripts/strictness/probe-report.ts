import { count } from '../report/outcome.ts'
import type { Report } from '../report/print.ts'
import { formatTable } from '../report/table.ts'
import type { Verdict } from './probe.ts'
import type { Row } from './probe-provider.ts'

const labels: Record<Verdict, string> = { yes: 'yes', no: 'NO', 'not applicable': 'n/a' }

/** What came of the probes: of those that failed, also what a strict provider does, and where that is written. */
export function reportOn (issuer: string, rows: readonly Row[]): Report {
  const compared = rows.filter(row => row.compared)
  const further = rows.filter(row => !row.compared)
  const sections = [
    { title: 'The rows that providers are compared by', rows: compared }, { title: 'Further rows', rows: further }
  ]
  const passed = count(compared, 'no') === 0
  return {
    passed,
    json: { issuer, passed, rows },
    table: `How strict is ${issuer}?\n\n${formatTable(sections, labels, notesOn)}\n` +
      `Compared: ${countsOf(compared)}. Further: ${countsOf(further)}.`
  }
}

function notesOn ({ verdict, sends, demand, specification }: Row): string[] {
  return verdict === 'no' ? [`sent: ${sends}`, `strict: ${demand}`, specification] : []
}

function countsOf (rows: readonly Row[]): string {
  const notApplicable = count(rows, 'not applicable')
  return `${count(rows, 'yes')} yes, ${count(rows, 'no')} no${notApplicable > 0 ? `, ${notApplicable} not applicable` : ''}`
}
