import { Flows, type Correlation, type Flow } from './flows.ts'
import { differencesFrom, matcherOf, type LedgerFilter } from './ledger-filter.ts'
import { cut, lengthOf as lengthOfValue, recordable, type RecordedValue } from './recorded-values.ts'
import { withoutSecrets } from './secrets.ts'

/** A rule of a specification that was let pass, in permissive mode. */
export interface Violation {
  rule: string
  what: string
  /** URL of the section that it broke */
  specification: string
}

/** One exchange: a request that a service got or sent, and what went back. */
export interface LedgerEntry {
  /** in the order in which requests arrived */
  id: number
  /** when the request arrived, by the clock of the lab */
  time: string
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

/** An exchange as it is handed to the ledger; its values are copied and cut there. */
export interface Recording extends Omit<LedgerEntry, 'id' | 'flow' | 'parameters' | 'answer'> {
  /** of `begin`; where it is missing, the exchange counts as having arrived now */
  id?: number
  parameters: Record<string, unknown>
  answer: Record<string, unknown>
  correlation?: Correlation
}

/** An entry, and its number in the order in which exchanges ended: the order in which the ledger gets to know of them. */
export interface Recorded {
  sequence: number
  entry: LedgerEntry
}

export interface LedgerQuery extends LedgerFilter {
  /** only what ended after the entry of this sequence number */
  since?: number
  limit?: number
  order?: 'asc' | 'desc'
  secrets?: 'show'
}

/** Some of what the ledger has. */
export interface LedgerPage {
  /** in the order of arrival, or the reverse */
  entries: LedgerEntry[]
  /** how many match, those beyond the limit included */
  count: number
  /** the `since` that asks for what comes next */
  last: number
  /** how many exchanges since `since` are not in memory any more, whether or not they matched */
  forgotten: number
}

/** How long to wait, and for how many. */
export interface Patience { count?: number, timeoutMs: number, signal?: AbortSignal }

/** What `next` finds. */
export interface Next { until: number, found: Recorded | undefined }

interface Slot { sequence: number, entry: LedgerEntry, length: number, flow: Flow | undefined, keys: string[] }

const maxPathLength = 1_000

/** The exchanges of a service, the latest of them, in memory. */
export class Ledger {
  readonly #limit: number
  readonly #maxLength: number
  #length = 0
  readonly #flows = new Flows()
  readonly #listeners = new Set<() => void>()
  #slots: Slot[] = []
  #lastId = 0
  #lastSequence = 0
  #clearedAt = 0
  #closed = false

  /**
   * @param options.limit how many exchanges are kept
   * @param options.maxLength how many characters their parameters and answers may have together
   */
  constructor ({ limit = 2_000, maxLength = 8 * 1024 * 1024 }: { limit?: number, maxLength?: number } = {}) {
    this.#limit = limit
    this.#maxLength = maxLength
  }

  /** A number for an exchange that arrives now. It is to be recorded when it has ended. */
  begin (): number {
    return ++this.#lastId
  }

  /** Take an exchange down. */
  record ({ correlation = {}, ...recording }: Recording): void {
    if (this.#closed) return
    const { id = this.begin(), client_id: clientId, username, session } = recording
    const entry = {
      ...recording,
      id,
      path: cut(recording.path, maxPathLength),
      parameters: recordable(recording.parameters),
      answer: recordable(recording.answer)
    }
    const slot: Slot = { sequence: ++this.#lastSequence, entry, length: lengthOf(entry), flow: undefined, keys: [] }
    const learns = defined({ client_id: clientId, username, session, ...correlation.learns })
    Object.assign(slot, this.#flows.join(slot, { ...correlation, learns }))
    this.#slots.push(slot)
    this.#length += slot.length
    while (this.#slots.length > this.#limit || this.#length > this.#maxLength) this.#forget(this.#slots.shift()!)
    this.#tell()
  }

  /** What matches, the earliest first where there is more than the limit, or the latest if these are asked for. */
  query ({ since = 0, limit = 100, order = 'asc', secrets, ...filter }: LedgerQuery = {}): LedgerPage {
    const matching = this.#after(since).filter(matcherOf(filter, this.#slots))
    const page = order === 'asc' ? matching.slice(0, limit) : matching.slice(-limit)
    const byArrival = page.toSorted((a, b) => order === 'asc' ? a.entry.id - b.entry.id : b.entry.id - a.entry.id)
    return {
      entries: byArrival.map(slot => present(slot, secrets)),
      count: matching.length,
      last: order === 'desc' || page.length === matching.length ? this.#lastSequence : page.at(-1)?.sequence ?? since,
      forgotten: this.forgottenSince(since)
    }
  }

  /** What does not match but differs in the least, the latest first, and in what. */
  nearest ({ since = 0, secrets, limit: _limit, order: _order, ...filter }: LedgerQuery): { entry: LedgerEntry, differs: (keyof LedgerFilter)[] }[] {
    const differences = differencesFrom(filter, this.#slots)
    const others = this.#after(since).map(slot => ({ slot, differs: differences(slot) })).filter(({ differs }) => differs.length > 0)
    const least = Math.min(...others.map(({ differs }) => differs.length))
    return others.filter(({ differs }) => differs.length === least).slice(-3).reverse()
      .map(({ slot, differs }) => ({ entry: present(slot, secrets), differs }))
  }

  /** The next one that matches in the order of the sequence, and how far the ledger was looked through for it. */
  next (since: number, { secrets, ...filter }: Omit<LedgerQuery, 'since' | 'limit' | 'order'> = {}): Next {
    const slot = this.#after(since).find(matcherOf(filter, this.#slots))
    return {
      until: slot?.sequence ?? Math.max(since, this.#lastSequence),
      found: slot && { sequence: slot.sequence, entry: present(slot, secrets) }
    }
  }

  /** The sequence number of what was recorded last. */
  get last (): number {
    return this.#lastSequence
  }

  /** The sequence number that clearing the ledger has taken. */
  get clearedAt (): number {
    return this.#clearedAt
  }

  /** How many exchanges of those after this sequence number had to make room. */
  forgottenSince (since: number): number {
    const first = this.#slots[0]?.sequence ?? this.#lastSequence + 1
    return Math.max(first - 1 - Math.max(since, this.#clearedAt), 0)
  }

  /** How many wait for what comes. */
  get listeners (): number {
    return this.#listeners.size
  }

  get closed (): boolean {
    return this.#closed
  }

  /** Be told that something was recorded, cleared, or closed, without delay. */
  subscribe (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /**
   * Wait until so many exchanges match, or for so long.
   *
   * @param options.signal ends it earlier, as closing the ledger does
   */
  waitFor (query: LedgerQuery, { count = 1, timeoutMs, signal }: Patience): Promise<LedgerPage> {
    return new Promise(resolve => {
      const finish = () => {
        unsubscribe()
        clearTimeout(timer)
        signal?.removeEventListener('abort', finish)
        resolve(this.query(query))
      }
      const look = () => { if (this.#closed || this.query(query).count >= count) finish() }
      const timer = setTimeout(finish, timeoutMs)
      const unsubscribe = this.subscribe(look)
      signal?.addEventListener('abort', finish)
      if (signal?.aborted) finish()
      else look()
    })
  }

  /** Forget everything. Exchanges that are under way are recorded when they end. */
  clear (): void {
    for (const slot of this.#slots) this.#forget(slot)
    this.#slots = []
    // A number of its own, so that a reader who was up to date notices.
    this.begin()
    this.#clearedAt = ++this.#lastSequence
    this.#tell()
  }

  /** End whatever waits for more. */
  close (): void {
    this.clear()
    this.#closed = true
    this.#tell()
  }

  #after (since: number): Slot[] {
    const first = this.#slots[0]?.sequence ?? 0
    return this.#slots.slice(Math.max(since + 1 - first, 0))
  }

  #forget (slot: Slot): void {
    this.#length -= slot.length
    this.#flows.release(slot, slot.keys)
  }

  #tell (): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

const lengthOf = ({ parameters, answer }: LedgerEntry) =>
  [...Object.entries(parameters), ...Object.entries(answer)].reduce((sum, [name, value]) => sum + name.length + lengthOfValue(value), 0)

/** A ledger of the latest 2,000 exchanges, or as many as asked for. */
export const createLedger = (options: { limit?: number, maxLength?: number } = {}): Ledger => new Ledger(options)

/** An entry with what its flow has become known to be about, e.g. the user who signed in for the request. */
function present ({ entry, flow }: Slot, secrets: 'show' | undefined): LedgerEntry {
  const known = defined({
    client_id: entry.client_id ?? flow?.client_id,
    username: entry.username ?? flow?.username,
    session: entry.session ?? flow?.session,
    flow: flow?.id
  })
  const { parameters, answer } = entry
  if (secrets === 'show') return { ...entry, ...known }
  return { ...entry, ...known, parameters: withoutSecrets(parameters), answer: withoutSecrets(answer) }
}

function defined<T extends object> (values: T): { [name in keyof T]?: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as ReturnType<typeof defined<T>>
}
