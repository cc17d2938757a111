import { lookup as systemLookup, type LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, fetch as undiciFetch, interceptors, type RequestInfo, type RequestInit } from 'undici'

const notFound = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'])

/**
 * `dns.lookup` that knows the loopback names.
 *
 * Browsers resolve `*.localhost` to loopback themselves, a host's resolver often does not. The system is asked first,
 * because in Compose its answer is the container that carries the name.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export const lookup: LookupFunction = (hostname, options: LookupOptions, callback) => {
  systemLookup(hostname, options, (error, address, family) => {
    if (error && notFound.has(error.code ?? '') && isLoopbackName(hostname)) {
      return options.all
        ? callback(null, [{ address: '127.0.0.1', family: 4 }])
        : callback(null, '127.0.0.1', 4)
    }
    callback(error, address, family)
  })
}

const isLoopbackName = (hostname: string) => /(^|\.)localhost\.?$/i.test(hostname)

const dispatcher = new Agent({ connect: { lookup, timeout: 3_000 }, headersTimeout: 10_000, bodyTimeout: 10_000 })
  // A kept connection may turn out to be closed by a peer that has restarted. What can be sent twice is.
  .compose(interceptors.retry({ maxRetries: 1, minTimeout: 10, errorCodes: ['ECONNRESET', 'UND_ERR_SOCKET'], statusCodes: [] }))

/**
 * `fetch` for every outbound call of a service: resolves `*.localhost`, and gives up on a peer that does not answer
 * (3 s to connect, 10 s to each of headers and body). Idempotent requests are sent again when a kept connection breaks.
 *
 * It is undici's own `fetch`, since Node's refuses a dispatcher of another copy of undici.
 */
export function fetch (input: RequestInfo, init?: RequestInit) {
  return undiciFetch(input, { dispatcher, ...init })
}
