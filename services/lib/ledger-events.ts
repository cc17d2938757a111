import type { FastifyReply } from 'fastify'
import type { Ledger, LedgerEntry, LedgerQuery } from './ledger.ts'

type LedgerEvent =
  /** what ends from now on will be sent */
  | { event: 'ready', id: string, data: Record<string, never>, retry: number }
  | { event: 'exchange', id: string, data: LedgerEntry }
  /** so many had to make room before they could be sent */
  | { event: 'forgotten', id: string, data: { count: number } }
  /** what was sent before is not in the ledger any more */
  | { event: 'cleared', id: string, data: Record<string, never> }

type Filter = Omit<LedgerQuery, 'since' | 'limit' | 'order'>

interface Reader { at: number, wake: () => void }

const retryMs = 1_000

/**
 * Send what the ledger gets to know, as server-sent events, until the reader goes away or the ledger is closed.
 *
 * What a reader has not taken yet is what the ledger has anyway: nothing is kept for it. One that is so slow that entries
 * it has not got make room for others is cut off. It connects anew, is told how many it has missed, and goes on from there.
 *
 * @param since sequence number of what the reader has got already
 */
export async function sendLedger (reply: FastifyReply, ledger: Ledger, since: number, filter: Filter): Promise<void> {
  const reader: Reader = { at: since, wake: () => {} }
  const unsubscribe = ledger.subscribe(() => {
    if (ledger.forgottenSince(reader.at) > 0) reply.raw.destroy()
    reader.wake()
  })
  reply.sse.onClose(() => {
    unsubscribe()
    reader.wake()
  })
  await reply.sse.send(read(ledger, reader, filter, () => reply.sse.isConnected))
}

async function * read (
  ledger: Ledger, reader: Reader, filter: Filter, isConnected: () => boolean
): AsyncGenerator<LedgerEvent, void> {
  const missed = ledger.forgottenSince(reader.at)
  // A number that is yet to come is of the ledger of a process that has ended.
  const restarted = reader.at > ledger.last
  if (restarted) reader.at = 0
  else reader.at += missed
  yield { event: 'ready', id: String(reader.at), data: {}, retry: retryMs }
  if (restarted) yield { event: 'cleared', id: '0', data: {} }
  if (missed > 0) yield { event: 'forgotten', id: String(reader.at), data: { count: missed } }

  while (isConnected() && !ledger.closed) {
    if (reader.at < ledger.clearedAt) {
      reader.at = ledger.clearedAt
      yield { event: 'cleared', id: String(reader.at), data: {} }
      continue
    }
    const { until, found } = ledger.next(reader.at, filter)
    reader.at = until
    if (found) yield { event: 'exchange', id: String(found.sequence), data: found.entry }
    else await new Promise<void>(resolve => { reader.wake = resolve })
  }
}
