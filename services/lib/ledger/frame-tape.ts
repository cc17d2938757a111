import { theProcessClock } from '../clock/clock.ts'
import { systemTimeMsAt, type Frame, type LedgerEntry } from './ledger-entry.ts'

/** A socket whose messages are recorded. */
export interface RecordedSocket {
  /** what its messages have in common, as `linkOf` makes it */
  readonly link: string
  /** sequence number of the last of them */
  last: number
}

/** A message of a socket, for whoever reads it. */
export interface TapedFrame {
  id: number
  link: string
  direction: Frame['direction']
  text: string
  /** by the clock of the lab */
  time: string
  /** in epoch milliseconds by the clock of the system */
  at: number
}

/** What is held of a message beside its text, and what was found out when somebody asked for it. */
interface Taped {
  sequence: number
  id: number
  link: string
  direction: Frame['direction']
  /** `performance.now()` */
  now: number
  /** by how much the clock of the lab was ahead */
  offsetMs: number
  /** where the text begins, counted from the first byte that was ever put on the tape */
  start: number
  bytes: number
  /** sequence number of the message before on the same socket */
  before: number
  isSignOfLife: boolean | undefined
  entry: LedgerEntry | undefined
}

// So many are held for whoever asks, the longest of them cut.
const maxFrames = 500
const capacityBytes = 1024 * 1024
const maxFrameBytes = 128 * 1024

/** What is known of the messages of a kind of sockets. */
export interface FrameReader<Description> {
  /** called once for a message when somebody asks for it, or never */
  describe (frame: TapedFrame): Description
  /** whether a text says no more than that somebody is there */
  isSignOfLife (text: string): boolean
}

/**
 * The latest messages of sockets, as they came by. Ring buffer: texts lie one behind the other in one piece of memory, and the eldest
 * are written over, so that a message costs a copy, and the collector of garbage nothing. All else is found out when somebody asks:
 * what a text says, and whether it is one of several signs of life in a row, of which the first alone counts.
 */
export class FrameTape {
  readonly #reader: FrameReader<LedgerEntry>
  readonly #ring: Taped[] = []
  #memory: Buffer | undefined
  #first = 0
  #next = 0
  #end = 0

  constructor (reader: FrameReader<LedgerEntry>) {
    this.#reader = reader
  }

  /** @param text as bytes or as characters, whichever the caller has */
  put ({ sequence, id, socket, direction, text }: {
    sequence: number, id: number, socket: RecordedSocket, direction: Frame['direction'], text: string | Buffer
  }): void {
    const memory = this.#memory ??= Buffer.allocUnsafeSlow(capacityBytes)
    // A character has three bytes at most; those that have four count as two characters.
    const room = Math.min(typeof text === 'string' ? text.length * 3 : text.length, maxFrameBytes)
    const left = capacityBytes - this.#end % capacityBytes
    if (left < room) this.#end += left
    while (this.#next - this.#first === maxFrames || this.#isOverwritten(this.#end + room)) this.#first++

    const place = this.#end % capacityBytes
    const bytes = typeof text === 'string' ? memory.write(text, place, room) : text.copy(memory, place, 0, room)
    const taped = this.#ring[this.#next++ % maxFrames] ??= {} as Taped
    taped.sequence = sequence
    taped.id = id
    taped.link = socket.link
    taped.direction = direction
    taped.now = performance.now()
    taped.offsetMs = theProcessClock.offsetMs
    taped.start = this.#end
    taped.bytes = bytes
    taped.before = socket.last
    taped.isSignOfLife = undefined
    taped.entry = undefined
    this.#end += bytes
    socket.last = sequence
  }

  /** Those after this sequence number that count. */
  * after (since: number): Generator<{ sequence: number, entry: LedgerEntry }> {
    for (let place = this.#placeAfter(since); place < this.#next; place++) {
      const taped = this.#at(place)
      if (!this.#isRepeated(taped)) yield { sequence: taped.sequence, entry: this.#entryOf(taped) }
    }
  }

  /** How many are held of those after this sequence number, whether they count or not. */
  countAfter (since: number): number {
    return this.#next - this.#placeAfter(since)
  }

  clear (): void {
    this.#first = this.#next
  }

  #at (place: number): Taped {
    return this.#ring[place % maxFrames]!
  }

  /** Whether the eldest is written over by what ends here. */
  #isOverwritten (end: number): boolean {
    return this.#first < this.#next && this.#at(this.#first).start < end - capacityBytes
  }

  /** Binary search. */
  #placeAfter (since: number): number {
    let [low, high] = [this.#first, this.#next]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#at(middle).sequence > since) high = middle
      else low = middle + 1
    }
    return low
  }

  #isRepeated (taped: Taped): boolean {
    if (!this.#isSignOfLife(taped)) return false
    const place = this.#placeAfter(taped.before - 1)
    const before = this.#at(place)
    return before.sequence === taped.before && this.#isSignOfLife(before)
  }

  #isSignOfLife (taped: Taped): boolean {
    taped.isSignOfLife ??= this.#reader.isSignOfLife(this.#textOf(taped))
    return taped.isSignOfLife
  }

  #textOf ({ start, bytes }: Taped): string {
    const place = start % capacityBytes
    return this.#memory!.toString('utf8', place, place + bytes)
  }

  #entryOf (taped: Taped): LedgerEntry {
    if (taped.entry) return taped.entry
    const { id, link, direction, now, offsetMs } = taped
    const at = systemTimeMsAt(now)
    const time = new Date(Math.floor(at) + offsetMs).toISOString()
    taped.entry = this.#reader.describe({ id, link, direction, at, time, text: this.#textOf(taped) })
    return taped.entry
  }
}
