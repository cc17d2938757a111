import type { IncomingMessage } from 'node:http'
import { httpExchangeOf } from '#lib/ledger/recorder.ts'

/** Remember that a fault was applied to the HTTP exchange that this request began. */
export function noteFault (request: IncomingMessage, fault: string): void {
  httpExchangeOf(request)?.faults.push(fault)
}
