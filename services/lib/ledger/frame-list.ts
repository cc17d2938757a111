import type { LedgerEntry } from './ledger-entry.ts'

const maxFrames = 500

interface ListedFrame { sequence: number, entry: LedgerEntry }

/** The latest messages of sockets, as replicas tell each other of them: there each was described when it came by. */
export class FrameList {
  #frames: ListedFrame[] = []

  put (frame: ListedFrame): void {
    this.#frames.push(frame)
    if (this.#frames.length > maxFrames) this.#frames.shift()
  }

  /** Those after this sequence number. */
  * after (since: number): Generator<ListedFrame> {
    for (const frame of this.#frames) if (frame.sequence > since) yield frame
  }

  /** How many are held of those after this sequence number. */
  countAfter (since: number): number {
    return this.#frames.filter(({ sequence }) => sequence > since).length
  }

  clear (): void {
    this.#frames = []
  }
}
