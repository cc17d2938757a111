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

/** What helmet, which is for Express, sets on the answers that it is given. */
function headersOf (options: HelmetOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  const response = { setHeader: (name: string, value: string) => { headers[name.toLowerCase()] = value }, removeHeader () {} }
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, () => {})
  return headers
}
