import { Agent, fetch as undiciFetch, interceptors, type RequestInfo, type RequestInit } from 'undici'
import { lookup } from './loopback-names.ts'

const dispatcher = new Agent({ connect: { lookup, timeout: 5_000 }, headersTimeout: 10_000, bodyTimeout: 10_000 })
  // A kept connection may turn out to be closed by a peer that has restarted. What can be sent twice is.
  .compose(interceptors.retry({ maxRetries: 1, minTimeout: 10, errorCodes: ['ECONNRESET', 'UND_ERR_SOCKET'], statusCodes: [] }))

/**
 * `fetch` for every outbound call of a service: resolves `*.localhost`, and gives up on a peer that does not answer
 * (5 s to connect, 10 s to each of headers and body). Idempotent requests are sent again when a kept connection breaks.
 *
 * It is undici's own `fetch`, since Node's refuses a dispatcher of another copy of undici.
 */
export function fetch (input: RequestInfo, init?: RequestInit) {
  return undiciFetch(input, { dispatcher, ...init })
}
