import type { IncomingMessage } from 'node:http'
import { httpExchangeOf } from '#lib/ledger/recorder.ts'

/**
 * Remember that a fault was applied to the HTTP exchange that this request began.
 *
 * @param answer what it has made of the answer, where that is not the body that goes out
 */
export function noteFault (request: IncomingMessage, fault: string, answer?: Record<string, unknown>): void {
  const httpExchange = httpExchangeOf(request)
  httpExchange?.faults.push(fault)
  if (httpExchange && answer) httpExchange.answer = answer
}
