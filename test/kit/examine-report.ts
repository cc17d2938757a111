import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from './control-api.ts'

/** What an application can make of a fault, beside what the catalogue can demand: to let nobody in any more. */
export type Behaviour = Fault['outcome'] | 'break'

/** What was seen of an application that had met a fault. */
export interface Evidence {
  /** 0 where there was no answer */
  status: number
  url: string
  /** the first words of the page, or why there was none */
  words: string
}

/** What came of one fault. */
export interface ExaminedFault {
  fault: Fault['name']
  group: Fault['group']
  title: string
  /** where it is said what is demanded, and its address */
  section: string
  url: string
  expected: Fault['outcome']
  /** what a correct application must do, in words */
  mustDo: string
  result: 'passed' | 'failed' | 'not met' | 'not tried'
  /** whether it was met, and the application did what is demanded */
  ok: boolean
  /** what the application did; nothing where the fault was not met */
  did?: Behaviour
  /** why it was not met or not tried, or what is to be known of a failure */
  reason?: string
  evidence?: Evidence
  /** the journey in the console in which it was met */
  journey?: string
}

/** Fetches the page that tells of a journey, where there is one. */
export type FetchJourney = (id: string) => Promise<string | undefined>

const results = ['passed', 'failed', 'not met', 'not tried'] as const

/** What an application does with the faults of the catalogue. */
export class ExaminationReport {
  /** the address at which sign-ins began */
  readonly start: string
  readonly client: string
  readonly rows: readonly ExaminedFault[]
  readonly #fetchJourney: FetchJourney

  constructor ({ start, client, rows, fetchJourney }: { start: string, client: string, rows: readonly ExaminedFault[], fetchJourney: FetchJourney }) {
    this.start = start
    this.client = client
    this.rows = rows
    this.#fetchJourney = fetchJourney
  }

  /** Whether nothing failed; what was not met or not tried is told by `rows` and `table` alone. */
  get ok (): boolean {
    return this.failed.length === 0
  }

  get failed (): readonly ExaminedFault[] {
    return this.#with('failed')
  }

  /** For the terminal: a line for each fault, and below each failure what is demanded, where that is said, and what was seen. */
  table (): string {
    const width = Math.max(...this.rows.map(({ fault }) => fault.length))
    const lines = this.rows.flatMap(row => {
      const line = `${row.result.padEnd(9)}  ${row.fault.padEnd(width)}  ${row.expected.padEnd(7)}  ${row.did ?? '-'}`
      return row.result === 'passed' ? [line] : [line, ...detailsOf(row).map(detail => `             ${detail}`)]
    })
    const counts = results.map(result => `${this.#with(result).length} ${result}`).join(', ')
    return [`${'result'.padEnd(9)}  ${'fault'.padEnd(width)}  demands  did`, ...lines, '', `${this.client}, from ${this.start}: ${counts}`].join('\n')
  }

  json (): string {
    const { start, client, ok, rows } = this
    return JSON.stringify({ start, client, ok, rows }, null, 2)
  }

  /** As CI servers read it; what was not met or not tried counts as skipped. */
  junit (): string {
    const skipped = this.rows.length - this.#with('passed').length - this.failed.length
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<testsuites>',
      `<testsuite name="${escaped(this.client)}" tests="${this.rows.length}" failures="${this.failed.length}" errors="0" skipped="${skipped}">`,
      ...this.rows.map(testCaseOf),
      '</testsuite>',
      '</testsuites>',
      ''
    ].join('\n')
  }

  /**
   * Write it down for whoever looks later: the table, JSON and JUnit's XML, and for each failure what was exchanged, as a page, where the
   * console still has it and draws it in time.
   *
   * @param folder is made where there is none
   * @returns the paths of what was written
   */
  async write (folder: string): Promise<string[]> {
    const journeys: [string, string | undefined][] = []
    // One after another, as the console draws each page whole. What was found is not lost for a page that it could not draw.
    for (const { fault, journey } of this.failed) {
      journeys.push([`${fault}.html`, journey === undefined ? undefined : await this.#fetchJourney(journey).catch(() => undefined)])
    }
    const files = [['examination.txt', `${this.table()}\n`], ['examination.json', this.json()], ['examination.xml', this.junit()], ...journeys]
    await mkdir(folder, { recursive: true })
    return Promise.all(files.flatMap(([name, text]) => name === undefined || text === undefined ? [] : [writeTo(join(folder, name), text)]))
  }

  #with (result: ExaminedFault['result']) {
    return this.rows.filter(row => row.result === result)
  }
}

function detailsOf ({ result, reason, title, mustDo, section, url, evidence, journey }: ExaminedFault): string[] {
  if (result !== 'failed') return reason === undefined ? [] : [reason]
  return [
    title,
    mustDo,
    `${section}: ${url}`,
    ...(evidence ? [`${evidence.status} at ${evidence.url}: ${evidence.words}`] : []),
    ...(reason === undefined ? [] : [reason]),
    ...(journey === undefined ? [] : [`journey ${journey}`])
  ]
}

function testCaseOf (row: ExaminedFault): string {
  const { fault, group, title, expected, did, result, reason = '' } = row
  const open = `<testcase classname="${escaped(group)}" name="${escaped(`${title} (${fault})`)}"`
  switch (result) {
    case 'passed': return `${open}/>`
    case 'failed': return `${open}><failure message="${escaped(`demanded is ${expected}, it did ${did}`)}">${escaped(detailsOf(row).join('\n'))}</failure></testcase>`
    default: return `${open}><skipped message="${escaped(`${result}: ${reason}`)}"/></testcase>`
  }
}

const references: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' }

/** Characters that XML cannot have at all are left out: https://www.w3.org/TR/xml/#charsets */
const escaped = (text: string) => text
  .toWellFormed()
  .replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
  .replace(/[&<>"\n]/g, character => references[character]!)

async function writeTo (path: string, text: string): Promise<string> {
  await writeFile(path, text)
  return path
}
