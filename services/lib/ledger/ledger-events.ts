import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { LedgerEntry } from './ledger-entry.ts'
import type { Ledger, LedgerQuery } from './ledger.ts'

type LedgerEvent =
  /** what ends from now on will be sent; `ledger` is another when the service was started anew, and numbers begin again */
  | { event: 'ready', id: string, data: { ledger: string }, retry: number }
  | { event: 'exchange', id: string, data: LedgerEntry }
  /** so many had to make room before they could be sent */
  | { event: 'forgotten', id: string, data: { count: number } }
  /** what was sent before is not in the ledger any more */
  | { event: 'cleared', id: string, data: Record<string, never> }

type Filter = Omit<LedgerQuery, 'since' | 'limit' | 'order'>

interface Reader {
  at: number
  /** since when the connection has not taken what it was given; nothing while there is nothing to give */
  sendingSinceMs: number | undefined
  wake: () => void
}

const retryMs = 1_000

// Messages of sockets come by the thousand, and each costs more to be told of than to be exchanged.
const framesAtOnce = 50
const pauseMs = 100

// Who has taken nothing for so long is not only slow.
const stuckMs = 2_000

/**
 * Send what the ledger gets to know, as server-sent events, until the reader goes away or the ledger is closed.
 *
 * What a reader has not taken yet is what the ledger has anyway: nothing is kept for it. What has made room for others before it could
 * be sent is counted instead. Who takes nothing while that happens is cut off, and can connect anew and go on from there.
 *
 * @param since sequence number of what the reader has got already
 */
export async function sendLedger (reply: FastifyReply, ledger: Ledger, since: number, filter: Filter): Promise<void> {
  const reader: Reader = { at: since, sendingSinceMs: undefined, wake: () => {} }
  const unsubscribe = ledger.subscribe(() => {
    const { at, sendingSinceMs = Infinity } = reader
    if (performance.now() - sendingSinceMs > stuckMs && ledger.forgottenSince(at) > 0) reply.raw.destroy()
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
  // A number that is yet to come is of the ledger of a process that has ended.
  const restarted = reader.at > ledger.last
  if (restarted) reader.at = 0
  yield { event: 'ready', id: String(reader.at), data: { ledger: ledger.id }, retry: retryMs }
  if (restarted) yield { event: 'cleared', id: '0', data: {} }

  let frames = 0
  while (isConnected() && !ledger.closed) {
    if (reader.at < ledger.clearedAt) {
      reader.at = ledger.clearedAt
      yield { event: 'cleared', id: String(reader.at), data: {} }
      continue
    }
    const { until, found, forgotten } = ledger.next(reader.at, filter)
    reader.at = until
    reader.sendingSinceMs = performance.now()
    if (forgotten > 0) yield { event: 'forgotten', id: String(found ? until - 1 : until), data: { count: forgotten } }
    if (found) yield { event: 'exchange', id: String(found.sequence), data: found.entry }
    reader.sendingSinceMs = undefined

    if (found?.entry.frame && ++frames === framesAtOnce) {
      frames = 0
      await pause(pauseMs)
    } else if (!found) {
      await new Promise<void>(resolve => { reader.wake = resolve })
    }
  }
}
