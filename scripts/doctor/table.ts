import type { Row } from './check.ts'
import type { Examination } from './run.ts'

const shown = { ok: 'ok', warning: 'warning', problem: 'PROBLEM', skipped: 'skipped' }
const verdicts = ['ok', 'warning', 'problem', 'skipped'] as const

/** The rows for people, by section: what was found, and under what is not well, what to change. */
export function formatTable ({ rows }: Examination): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const sections = [...new Set(rows.map(({ section }) => section))]
  const lines = ({ name, verdict, seen, change }: Row) => [
    `  ${shown[verdict].padEnd(7)}  ${name.padEnd(width)}  ${seen}`,
    ...(change === undefined ? [] : [`  ${''.padEnd(7)}  ${''.padEnd(width)}  → ${change}`])
  ]
  const linesOf = (section: string) => fold(rows.filter(row => row.section === section)).flatMap(lines)
  return [...sections.flatMap(section => [section, ...linesOf(section), '']), summaryOf(rows)].join('\n')
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
  const count = (verdict: Row['verdict']) => rows.filter(row => row.verdict === verdict).length
  const [ok, warnings, problems, skipped] = verdicts.map(count)
  const end = problems === 0 ? 'Nothing needs to be changed.' : 'What needs to be changed is at the arrows.'
  return `${ok} ok, ${several(warnings, 'warning')}, ${several(problems, 'problem')}, ${skipped} skipped. ${end}`
}

const several = (number = 0, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`
