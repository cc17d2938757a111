import { createRequire } from 'node:module'
import tls from 'node:tls'
import type { Dispatcher, RequestInfo, RequestInit } from 'undici'
import { certificatesIn } from '../settings/certificates.ts'
import { lookup } from './loopback-names.ts'
import { proxiesFrom } from './proxies.ts'

const require = createRequire(import.meta.url)
// Loaded for the first call: a service has often answered before it makes one.
const undici = () => require('undici') as typeof import('undici')

/** Milliseconds that a peer is given. */
interface Timeouts {
  connect: number
  headers: number
  body: number
}

/** What connections of their own can be made with. */
export interface ConnectionOptions {
  /** certificate authorities in PEM that are trusted beside those that Node trusts */
  ca?: string | undefined
  /** how long a peer is waited for; 5 s to connect, 10 s to each of headers and body where not said */
  timeouts?: Partial<Timeouts>
  /** bytes that an answer may have; without it as many as come */
  maxBytes?: number
  /** by what name it asks, in place of that of the library */
  userAgent?: string
}

/**
 * Connections of their own, for `createFetch` and whoever needs no `fetch`: through the proxies that the environment names, but for
 * what is on this machine.
 *
 * @returns gives them, from the first call on
 * @throws {CertificateError} when `ca` holds no certificate, or a malformed one
 */
export function createConnections ({ ca, timeouts, maxBytes }: ConnectionOptions = {}): () => Dispatcher {
  const { connect, headers, body } = { connect: 5_000, headers: 10_000, body: 10_000, ...timeouts }
  const authorities = ca === undefined ? [] : certificatesIn(ca)
  let connections: Dispatcher | undefined

  function open (): Dispatcher {
    const { Agent, EnvHttpProxyAgent, Pool, interceptors } = undici()
    // What is set here takes the place of Node's own list, in which NODE_EXTRA_CA_CERTS is, and the lab's own authority.
    const trusted = authorities.length > 0 && { ca: [...tls.getCACertificates('default'), ...authorities] }
    const options = {
      connect: { lookup, timeout: connect, ...trusted },
      headersTimeout: headers,
      bodyTimeout: body,
      ...(maxBytes !== undefined && { maxResponseSize: maxBytes })
    }
    const proxies = proxiesFrom(process.env)
    const agent = proxies === undefined
      ? new Agent(options)
      : new EnvHttpProxyAgent({
        ...options,
        ...proxies,
        // Of the way to the proxy, and of that through it: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
        proxyTls: { lookup, ...trusted },
        requestTls: { ...trusted },
        connectTimeout: connect,
        clientFactory: (origin, toProxy) => new Pool(origin, { ...toProxy, headersTimeout: headers })
      })
    return agent
      // A kept connection may turn out to be closed by a peer that has restarted. What can be sent twice is.
      .compose(interceptors.retry({ maxRetries: 1, minTimeout: 10, errorCodes: ['ECONNRESET', 'UND_ERR_SOCKET'], statusCodes: [] }))
  }

  return () => {
    connections ??= open()
    return connections
  }
}

/**
 * A `fetch` of its own connections.
 *
 * @throws {CertificateError} when `ca` holds no certificate, or a malformed one
 */
export function createFetch (options: ConnectionOptions = {}) {
  const connections = createConnections(options)
  return async (input: RequestInfo, init?: RequestInit) => undici().fetch(input, { dispatcher: connections(), ...init })
}

// Room for a file that was sent in a conversation, and far from what would fill the memory.
const maxBytes = 32 * 1024 * 1024

/**
 * `fetch` for every outbound call of a service and of a command: resolves `*.localhost`, and gives up on a peer that does not answer
 * (5 s to connect, 10 s to each of headers and body), or does not end (32 MB). Idempotent requests are sent again when a kept connection breaks.
 *
 * It is undici's own `fetch`, since Node's refuses a dispatcher of another copy of undici.
 */
export const fetch = createFetch({ maxBytes })
