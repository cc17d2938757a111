import type { FastifyRequest } from 'fastify'
import { PlatformError } from './errors.ts'

/**
 * Guard for a tool without a sign-in: only its own page may ask, under its own host name.
 *
 * A page of another site cannot read an answer, as there are no CORS headers, but it could send. And a page whose host
 * name was made to point at this machine (DNS rebinding) is of the same origin for the browser; its `Host` tells.
 *
 * @param url own origin
 * @returns an `onRequest` hook
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function sameSiteOnly (url: string) {
  const { host, origin } = new URL(url)
  return async (request: FastifyRequest): Promise<void> => {
    if (request.headers.host !== host) throw new PlatformError(403, { reason: 'the Host is not that of this service' })
    if (opensPage(request)) return
    const { origin: from, 'sec-fetch-site': site } = request.headers
    if (from !== undefined && from !== origin) throw new PlatformError(403, { reason: 'a page of another origin has sent it' })
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new PlatformError(403, { reason: `a browser has sent it from elsewhere (${site})` })
    }
  }
}

/** A link that leads to the page, from wherever: it shows the page in a window of its own and has no other effect. */
const opensPage = ({ method, url, headers }: FastifyRequest) =>
  method === 'GET' && url === '/desk' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
