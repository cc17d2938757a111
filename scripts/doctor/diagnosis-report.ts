import { count } from '../report/outcome.ts'
import type { Report } from '../report/print.ts'
import { formatTable } from '../report/table.ts'
import type { Row, Verdict } from './finding.ts'
import type { Diagnosis } from './diagnose.ts'

const labels: Record<Verdict, string> = { ok: 'ok', warning: 'warning', problem: 'PROBLEM', skipped: 'skipped' }

/** What was examined, by section: what was found, and under what is not well, what to change. */
export function reportOn (diagnosis: Diagnosis): Report {
  const { rows } = diagnosis
  const titles = [...new Set(rows.map(({ section }) => section))]
  const sections = titles.map(title => ({ title, rows: fold(rows.filter(({ section }) => section === title)) }))
  const table = formatTable(sections, labels, ({ change }) => change === undefined ? [] : [`→ ${change}`])
  const passed = count(rows, 'problem') === 0
  return { passed, json: { ...diagnosis, passed }, table: `${table}\n${summaryOf(rows)}` }
}

/** Many rows that are skipped for one reason, as one. */
function fold (rows: Row[]): Row[] {
  const reasons = Map.groupBy(rows.filter(({ verdict }) => verdict === 'skipped'), ({ seen }) => seen)
  return rows.flatMap(row => {
    const alike = reasons.get(row.seen) ?? []
    if (row.verdict !== 'skipped' || alike.length < 4) return [row]
    return row === alike[0] ? [{ ...row, name: `${alike.length} checks` }] : []
  })
}

function summaryOf (rows: Row[]): string {
  const problems = count(rows, 'problem')
  const end = problems === 0 ? 'Nothing needs to be changed.' : 'What needs to be changed is at the arrows.'
  return `${count(rows, 'ok')} ok, ${several(count(rows, 'warning'), 'warning')}, ${several(problems, 'problem')}, ` +
    `${count(rows, 'skipped')} skipped. ${end}`
}

const several = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
