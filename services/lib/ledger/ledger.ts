import { randomUUID } from 'node:crypto'
import { theProcessClock } from '../clock/clock.ts'
import { Flows, type Correlation, type Flow } from './correlation.ts'
import { FrameList } from './frame-list.ts'
import { FrameTape, type FrameReader, type RecordedSocket } from './frame-tape.ts'
import { systemTimeMs, type Frame, type LateParts, type LedgerEntry, type Recording } from './ledger-entry.ts'
import { differencesFrom, matcherOf, type LedgerFilter } from './ledger-filter.ts'
import { cut, lengthOfValues, recordable } from './recorded-values.ts'
import { withoutSecrets } from '../settings/secrets.ts'
import type { SharedLog, Store } from '../store/store.ts'

/** An entry, and its number in the order in which HTTP exchanges ended: the order in which the ledger gets to know of them. */
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
  /** how many HTTP exchanges since `since` are not in memory any more, whether or not they matched */
  forgotten: number
}

/** How long to wait, and for how many. */
export interface Patience { count?: number, timeoutMs: number, signal?: AbortSignal }

/** What `next` finds. */
export interface Next {
  /** how far the ledger was looked through for it */
  until: number
  found: Recorded | undefined
  /** how many there were on the way that are not in memory any more */
  forgotten: number
}

/** An HTTP exchange in the ledger. */
class Slot {
  readonly sequence: number
  readonly length: number
  flow: Flow | undefined
  keys: string[] = []
  readonly #entry: LedgerEntry
  #late: LateParts | undefined

  constructor (sequence: number, entry: LedgerEntry, late: LateParts | undefined) {
    this.sequence = sequence
    this.length = lengthOf(entry) + (late?.length ?? 0)
    this.#entry = entry
    this.#late = late
  }

  get entry (): LedgerEntry {
    if (this.#late) Object.assign(this.#entry, this.#late.read(this.#entry))
    this.#late = undefined
    return this.#entry
  }
}

type Candidate = Pick<Slot, 'sequence' | 'entry' | 'flow'>

const maxPathLength = 1_000
const appendedAtOnce = 500
const maxFrameLength = 128 * 1024
// In place of the sequence number, which is not known yet.
const signOfLife = -1
const channel = 'ledger'

/** What replicas tell each other: an HTTP exchange, a message of a socket, or that everything is to be forgotten. */
interface Change {
  recording?: Omit<Recording, 'late'>
  frame?: LedgerEntry
  isCleared?: true
}

/** What the replicas of a service have in common. */
interface Shared {
  id: string
  log: SharedLog<Change>
  publish: () => Promise<void>
}

/** What the ledger of a service may hold. */
export interface LedgerBounds {
  /** how many HTTP exchanges are kept */
  limit?: number
  /** how many characters their parameters and answers may have together; messages of sockets have a bound of their own */
  maxLength?: number
}

/**
 * The HTTP exchanges of a service, the latest of them, in memory.
 *
 * State machine replication: where a service has replicas, what each has to record goes into a log that they share, and each makes the
 * same ledger of it, when somebody asks.
 */
export class Ledger {
  /** another after a restart, unless replicas share it: numbers of entries are of this ledger alone */
  readonly id: string
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
  #isTelling = false
  #frames: FrameTape | FrameList | undefined
  readonly #shared: Shared | undefined
  #catchingUp: Promise<void> | undefined
  #unsubscribe = () => {}

  /** Open the ledger of a service, or of one of its issuers: that of all its replicas, where they share a store. */
  static async open (store: Store, bounds: LedgerBounds = {}): Promise<Ledger> {
    const log = store.sharedLog<Change>(channel, { maxEntries: 2_500 })
    if (!log) return new Ledger(bounds)
    const id = await store.secrets.keep<string>('ledger-id', () => randomUUID())
    const ledger = new Ledger(bounds, { id, log, publish: () => store.signals.publish(channel, {}) })
    const look = () => { if (ledger.listeners > 0) ledger.catchUp().then(() => ledger.#tell(), () => {}) }
    ledger.#unsubscribe = await store.signals.subscribe(channel, look, { onResubscribed: look })
    return ledger
  }

  constructor ({ limit = 2_000, maxLength = 8 * 1024 * 1024 }: LedgerBounds = {}, shared?: Shared) {
    this.#limit = limit
    this.#maxLength = maxLength
    this.#shared = shared
    this.id = shared?.id ?? randomUUID()
  }

  /** A number for an HTTP exchange that arrives now. It is to be recorded when it has ended. */
  begin (): number {
    // Replicas agree without asking each other: by microseconds.
    this.#lastId = Math.max(this.#lastId + 1, this.#shared ? Math.round(systemTimeMs() * 1_000) : 0)
    return this.#lastId
  }

  /** Take an HTTP exchange down. */
  record (recording: Recording): void {
    if (this.#closed) return
    if (!this.#shared) return this.#take(++this.#lastSequence, recording)
    const { late, correlation, ...rest } = recording
    const entry = entryOf(rest.id ?? this.begin(), rest)
    this.#append({
      recording: { ...entry, ...late?.read(entry), ...(correlation && { correlation: shareable(correlation) }) }
    }).catch(() => {})
  }

  /** Take in what other replicas have recorded. To be waited for before anything is asked. */
  async catchUp (): Promise<void> {
    if (!this.#shared || this.#closed) return
    // Who comes while that is done may ask for what was recorded since it has begun.
    await this.#catchingUp?.catch(() => {})
    this.#catchingUp ??= this.#readLog(this.#shared.log).finally(() => { this.#catchingUp = undefined })
    await this.#catchingUp
  }

  async #readLog (log: SharedLog<Change>): Promise<void> {
    for (let isMore = true; isMore;) {
      const read = await log.read(this.#lastSequence, appendedAtOnce)
      for (const { number, entry: { recording, frame, isCleared } } of read) {
        this.#lastSequence = number
        if (recording) this.#take(number, recording)
        if (frame) (this.#frames as FrameList | undefined)?.put({ sequence: number, entry: frame })
        if (isCleared) this.#forgetAll()
      }
      isMore = read.length === appendedAtOnce
    }
  }

  async #append (change: Change): Promise<void> {
    await this.#shared!.log.append(change)
    await this.#shared!.publish()
  }

  #take (sequence: number, { correlation, late, ...recording }: Recording): void {
    const slot = new Slot(sequence, entryOf(recording.id ?? this.begin(), recording), late)
    if (correlation) {
      const { client_id: clientId, username, session } = recording
      const learns = defined({ client_id: clientId, username, session, ...correlation.learns })
      Object.assign(slot, this.#flows.join(slot, { ...correlation, learns }))
    }
    this.#keep(slot)
  }

  /**
   * Take down what goes over sockets, beside the HTTP exchanges: neither makes room for the other.
   *
   * @returns takes a message down as it came by: of a thousand a second most are never looked at
   */
  tapeFrames ({ describe, isSignOfLife }: FrameReader<Omit<Recording, 'correlation' | 'late' | 'id'>>) {
    if (this.#shared) return this.#shareFrames({ describe, isSignOfLife })
    const tape = this.#frames = new FrameTape({ describe: frame => entryOf(frame.id, describe(frame)), isSignOfLife })
    return (socket: RecordedSocket, direction: Frame['direction'], text: string | Buffer): void => {
      if (this.#closed) return
      tape.put({ sequence: ++this.#lastSequence, id: this.begin(), socket, direction, text })
      this.#tell()
    }
  }

  #shareFrames ({ describe, isSignOfLife }: FrameReader<Omit<Recording, 'correlation' | 'late' | 'id'>>) {
    this.#frames = new FrameList()
    return (socket: RecordedSocket, direction: Frame['direction'], data: string | Buffer): void => {
      if (this.#closed) return
      const text = String(data).slice(0, maxFrameLength)
      const isRepeated = socket.last === signOfLife
      socket.last = isSignOfLife(text) ? signOfLife : 0
      if (isRepeated && socket.last === signOfLife) return
      const [id, at] = [this.begin(), systemTimeMs()]
      const time = new Date(Math.floor(at) + theProcessClock.offsetMs).toISOString()
      this.#append({ frame: entryOf(id, describe({ id, link: socket.link, direction, text, time, at })) }).catch(() => {})
    }
  }

  #keep (slot: Slot): void {
    this.#slots.push(slot)
    this.#length += slot.length
    while (this.#slots.length > this.#limit || this.#length > this.#maxLength) this.#forget(this.#slots.shift()!)
    this.#tell()
  }

  /** What matches, the earliest first where there is more than the limit, or the latest if these are asked for. */
  query ({ since = 0, limit = 100, order = 'asc', secrets, ...filter }: LedgerQuery = {}): LedgerPage {
    const matching = [...this.#after(since)].filter(matcherOf(filter, this.#slots))
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
    const others = [...this.#after(since)].map(slot => ({ slot, differs: differences(slot) })).filter(({ differs }) => differs.length > 0)
    const least = Math.min(...others.map(({ differs }) => differs.length))
    return others.filter(({ differs }) => differs.length === least).slice(-3).reverse()
      .map(({ slot, differs }) => ({ entry: present(slot, secrets), differs }))
  }

  /** The next one that matches in the order of the sequence. */
  next (since: number, { secrets, ...filter }: Omit<LedgerQuery, 'since' | 'limit' | 'order'> = {}): Next {
    const slot = this.#firstAfter(since, matcherOf(filter, this.#slots))
    const until = slot?.sequence ?? Math.max(since, this.#lastSequence)
    return {
      until,
      found: slot && { sequence: slot.sequence, entry: present(slot, secrets) },
      forgotten: this.forgottenSince(since) - this.forgottenSince(until)
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

  /** How many HTTP exchanges and messages of those after this sequence number had to make room. */
  forgottenSince (since: number): number {
    const from = Math.max(since, this.#clearedAt)
    const held = this.#slots.length - this.#placeAfter(from) + (this.#frames?.countAfter(from) ?? 0)
    return Math.max(this.#lastSequence - from - held, 0)
  }

  /** How many wait for what comes. */
  get listeners (): number {
    return this.#listeners.size
  }

  get closed (): boolean {
    return this.#closed
  }

  /** Be told that something was recorded, cleared, or closed: once for all that happens at a time. */
  subscribe (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /**
   * Wait until so many HTTP exchanges match, or for so long.
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

  /** Forget everything. HTTP exchanges that are under way are recorded when they end. */
  async clear (): Promise<void> {
    if (this.#closed) return
    if (this.#shared) return this.#append({ isCleared: true })
    // A number of its own, so that a reader who was up to date notices.
    this.begin()
    this.#lastSequence++
    this.#forgetAll()
  }

  #forgetAll (): void {
    for (const slot of this.#slots) this.#forget(slot)
    this.#slots = []
    this.#frames?.clear()
    this.#clearedAt = this.#lastSequence
    this.#tell()
  }

  /** End whatever waits for more. */
  close (): void {
    this.#unsubscribe()
    this.#lastSequence++
    this.#forgetAll()
    this.#closed = true
    this.#tell()
  }

  #firstAfter (since: number, matches: (candidate: Candidate) => boolean): Candidate | undefined {
    for (const candidate of this.#after(since)) if (matches(candidate)) return candidate
    return undefined
  }

  /** Merge: both are in the order of their sequence numbers. */
  * #after (since: number): Generator<Candidate> {
    const frames = this.#frames?.after(since)
    let frame = frames?.next().value
    for (let place = this.#placeAfter(since); place < this.#slots.length; place++) {
      const slot = this.#slots[place]!
      for (; frame && frame.sequence < slot.sequence; frame = frames!.next().value) yield { ...frame, flow: undefined }
      yield slot
    }
    for (; frame; frame = frames!.next().value) yield { ...frame, flow: undefined }
  }

  /** Binary search. */
  #placeAfter (since: number): number {
    let [low, high] = [0, this.#slots.length]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#slots[middle]!.sequence > since) high = middle
      else low = middle + 1
    }
    return low
  }

  #forget (slot: Slot): void {
    this.#length -= slot.length
    this.#flows.release(slot, slot.keys)
  }

  #tell (): void {
    if (this.#isTelling || this.#listeners.size === 0) return
    this.#isTelling = true
    setImmediate(() => {
      this.#isTelling = false
      for (const listener of [...this.#listeners]) listener()
    })
  }
}

/** JSON has no `undefined` in lists. */
const shareable = ({ by = [], yields = [], ...correlation }: Correlation): Correlation => ({
  named: randomUUID(),
  by: by.filter(value => value !== undefined),
  yields: yields.filter(value => value !== undefined),
  ...correlation
})

function entryOf (id: number, recording: Omit<Recording, 'correlation' | 'late' | 'id'>): LedgerEntry {
  return {
    at: systemTimeMs(),
    requestHeaders: {},
    answerHeaders: {},
    links: [],
    ...recording,
    id,
    path: cut(recording.path, maxPathLength),
    parameters: recordable(recording.parameters),
    answer: recordable(recording.answer)
  }
}

const lengthOf = ({ parameters, answer, requestHeaders, answerHeaders, links }: LedgerEntry) =>
  lengthOfValues(parameters) + lengthOfValues(answer) + lengthOfValues(requestHeaders) + lengthOfValues(answerHeaders) + links.length * 16

/** An entry with what its flow has become known to be about, e.g. the user who signed in for the request. */
function present ({ entry, flow }: Candidate, secrets: 'show' | undefined): LedgerEntry {
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
