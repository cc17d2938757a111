import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet, { type HelmetOptions } from 'helmet'

/**
 * Helmet's headers for every answer, computed when the origins in them change: to compute them for each costs more than all
 * else that is done for most.
 *
 * @param originsOf the origins that are named in them now
 * @param optionsFor what helmet is to do for these
 * @returns gives the headers by their names in lower case
 */
export function securityHeadersFor (
  originsOf: () => string[], optionsFor: (origins: string[]) => HelmetOptions
): () => Record<string, string> {
  let known: string[] | undefined
  let headers: Record<string, string> = {}
  return () => {
    const origins = originsOf()
    if (known?.length === origins.length && known.every((origin, index) => origin === origins[index])) return headers
    known = origins
    headers = headersOf(optionsFor(origins))
    return headers
  }
}

const yearSeconds = 365 * 86_400

// The same names are there without TLS at another time, or at another port, and would not be found for as long as a browser remembers.
const localhostSeconds = 600

/**
 * HSTS, as helmet takes it: browsers come by https alone for a year, to hosts below `localhost` for ten minutes; nothing over http.
 *
 * @param url where the service is
 * @see https://www.rfc-editor.org/rfc/rfc6797#section-7.2
 */
export function transportSecurityOf (url: string): NonNullable<HelmetOptions['strictTransportSecurity']> {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' && { maxAge: /(^|\.)localhost$/.test(hostname) ? localhostSeconds : yearSeconds }
}

/** What helmet, which is for Express, sets on the answers that it is given. */
function headersOf (options: HelmetOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  const response = { setHeader: (name: string, value: string) => { headers[name.toLowerCase()] = value }, removeHeader () {} }
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, () => {})
  return headers
}
