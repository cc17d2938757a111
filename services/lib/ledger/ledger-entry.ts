import type { Correlation } from './correlation.ts'
import type { RecordedHeaders } from './recorded-headers.ts'
import type { RecordedValue } from './recorded-values.ts'

/** A message on a WebSocket. */
export interface Frame {
  /** as the service sees it */
  direction: 'in' | 'out'
  /** action or class */
  name: string
  /** the same for all messages of one socket */
  connection: string
}

/** A rule of a specification that was let pass, in permissive mode. */
export interface Violation {
  rule: string
  what: string
  /** URL of the section that it broke */
  specification: string
}

/** One HTTP exchange: a request that a service got or sent, and what went back. */
export interface LedgerEntry {
  /** in the order in which requests arrived */
  id: number
  /** when the request arrived, by the clock of the lab */
  time: string
  /** the same in epoch milliseconds by the clock of the system, which puts the entries of all services in one order */
  at: number
  /** `browser`, a client_id, the name of a service, or `unknown` */
  from: string
  to: string
  method: string
  endpoint: string
  /** without the query */
  path: string
  /** of query, form, and what a client authenticated with */
  parameters: Record<string, RecordedValue>
  /** 0 where the connection broke before there was one */
  status: number
  /** parameters of a redirect's location, members of a JSON object */
  answer: Record<string, RecordedValue>
  requestHeaders: RecordedHeaders
  answerHeaders: RecordedHeaders
  /** the same for HTTP exchanges that have a single-use value in common, at any service: `linksOf` */
  links: string[]
  /** of a message on a WebSocket */
  frame?: Frame
  client_id?: string
  username?: string
  /** the same for all clients that a browser was signed in to at once */
  session?: string
  faults: string[]
  violations: Violation[]
  /** the same for everything that belongs to one authorization request */
  flow?: string
  durationMs: number
}

/** An HTTP exchange as it is handed to the ledger; its values are copied and cut there. */
export interface Recording extends Omit<LedgerEntry, 'id' | 'flow' | 'parameters' | 'answer' | 'at' | 'requestHeaders' | 'answerHeaders' | 'links'>,
  Partial<Pick<LedgerEntry, 'at' | 'requestHeaders' | 'answerHeaders' | 'links'>> {
  /** of `begin`; where it is missing, the HTTP exchange counts as having arrived now */
  id?: number
  parameters: Record<string, unknown>
  answer: Record<string, unknown>
  correlation?: Correlation
  /** headers and links, to be read when somebody asks for the entry */
  late?: LateParts
}

/** What is read of an HTTP exchange when somebody asks for it: most are never looked at. */
export interface LateParts {
  /** how many characters are held until then, about */
  length: number
  /** Called once, later or never. */
  read (entry: Pick<LedgerEntry, 'parameters' | 'answer'>): Pick<LedgerEntry, 'requestHeaders' | 'answerHeaders' | 'links'>
}

/** The time by the clock of the system in epoch milliseconds, with microseconds, when `performance.now()` was this; the lab moves others alone. */
export const systemTimeMsAt = (now: number): number => Math.round((performance.timeOrigin + now) * 1_000) / 1_000

/** The same now. */
export const systemTimeMs = (): number => systemTimeMsAt(performance.now())
