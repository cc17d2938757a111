import type { Row } from './run.ts'

/** The rows for people: the verdict of each, and of those that failed what a strict provider does, and where that is written. */
export function formatTable (issuer: string, rows: readonly Row[]): string {
  const [compared, further] = [rows.filter(row => row.compared), rows.filter(row => !row.compared)]
  const width = Math.max(...rows.map(({ name }) => name.length))
  const line = ({ name, verdict, seen }: Row) => `  ${name.padEnd(width)}  ${shown[verdict]}  ${seen}`
  return [
    `How strict is ${issuer}?`,
    '\nThe rows that providers are compared by:\n',
    ...compared.map(line),
    '\nFurther rows:\n',
    ...further.map(line),
    ...rows.filter(({ verdict }) => verdict === 'no').map(explain),
    `\nCompared: ${count(compared)}. Further: ${count(further)}.`
  ].join('\n')
}

const shown = { yes: 'yes', no: 'NO ', 'not applicable': 'n/a' }

function explain ({ name, sends, demand, specification }: Row): string {
  return `\nno: ${name}\n    sent: ${sends}\n    strict: ${demand}\n    ${specification}`
}

function count (rows: readonly Row[]): string {
  const number = (verdict: Row['verdict']) => rows.filter(row => row.verdict === verdict).length
  const skipped = number('not applicable')
  return `${number('yes')} yes, ${number('no')} no${skipped > 0 ? `, ${skipped} not applicable` : ''}`
}
