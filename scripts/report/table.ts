import type { Row } from './outcome.ts'

/** Rows under one heading. */
export interface Section<R> {
  title: string
  rows: readonly R[]
}

/**
 * The rows for people, by section: the verdict, what was looked at, what was found, and below that what there is to say.
 *
 * @param labels the verdicts as they are shown
 * @param notesOn lines below a row
 */
export function formatTable<Verdict extends string, R extends Row<Verdict>> (
  sections: readonly Section<R>[], labels: Record<Verdict, string>, notesOn: (row: R) => readonly string[]
): string {
  const labelWidth = widest(Object.values(labels))
  const nameWidth = widest(sections.flatMap(({ rows }) => rows.map(({ name }) => name)))
  const linesOf = (row: R) => [
    `  ${labels[row.verdict].padEnd(labelWidth)}  ${row.name.padEnd(nameWidth)}  ${row.seen}`,
    ...notesOn(row).map(note => `  ${' '.repeat(labelWidth)}  ${note}`)
  ]
  return sections.flatMap(({ title, rows }) => [title, ...rows.flatMap(linesOf), '']).join('\n')
}

const widest = (texts: readonly string[]) => Math.max(...texts.map(({ length }) => length))
