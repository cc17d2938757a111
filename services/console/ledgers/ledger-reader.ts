import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'
import { EventStream } from './event-stream.ts'

/** What a reader tells of the ledger that it follows. */
export interface LedgerListener {
  /**
   * An HTTP exchange has ended.
   *
   * @param ledger another for each process of the service: its entries have numbers that were there before
   */
  onEntry (entry: LedgerEntry, ledger: string): void
  /** what was told before is not in the ledger any more */
  onCleared (): void
}

/**
 * Follow the ledger of a service from its beginning: after each break it goes on from where it was.
 *
 * @param url of the service, or of a realm of it
 */
export function readLedger (url: string, listener: LedgerListener): EventStream {
  let [ledger, last] = ['', '0']

  /**
   * Whether it is the ledger that was read before. That of a new process counts from one again, and may have come further meanwhile
   * than the other had: it is read from its beginning. What was read before has happened all the same.
   */
  function isSame (now: { ledger: string }): boolean {
    const isSame = ledger === now.ledger || last === '0'
    ledger = now.ledger
    if (!isSame) last = '0'
    return isSame
  }

  return new EventStream(() => `${url}/lab/ledger/events?secrets=show&since=${last}`, ({ event, id, data }) => {
    if (event === 'ready' && !isSame(JSON.parse(data) as { ledger: string })) return 'again'
    if (id !== undefined) last = id
    if (event === 'exchange') listener.onEntry(JSON.parse(data) as LedgerEntry, ledger)
    else if (event === 'cleared') listener.onCleared()
    return undefined
  })
}
