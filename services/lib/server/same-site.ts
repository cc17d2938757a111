import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'

const WrongHost = createError(
  'WRONG_HOST', 'The Host is not that of this service, %s. Where it is reached by another, that is to be told to it: %s.', 403)
const OtherOrigin = createError('OTHER_ORIGIN', 'A page of another origin has sent it.', 403)
const OtherSite = createError('OTHER_SITE', 'A browser has sent it from elsewhere.', 403)

// DNS cannot point these anywhere else, so a page that was made to name this machine never comes with them.
const isLoopback = (host: string) => /^(([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)

/**
 * Guard for a tool without a sign-in: only pages of its own origin may ask, and whoever is no browser.
 *
 * A page of another site cannot read an answer, as there are no CORS headers, but it could send. And a page whose host
 * name was made to point at this machine (DNS rebinding) is of the same origin for the browser; its `Host` tells. Programs may
 * name this machine by any name of its own and any port: that of a container is often mapped to another.
 *
 * @param url own origin, or a URL in it
 * @param options.pages paths of pages to which links from elsewhere may lead: they show themselves in a window of their own and have
 *   no other effect
 * @param options.query `any` where the query of such a link chooses no more than what is shown; else a link has none
 * @param options.frames `any` where it is for the `frame-ancestors` of such a page to say who may have it in a frame; else nobody may
 * @returns an `onRequest` hook, which refuses with 403
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function sameSiteOnly (url: string, { pages = [], query, frames }: { pages?: string[], query?: 'any', frames?: 'any' } = {}) {
  const { host, origin } = new URL(url)
  return async (request: FastifyRequest): Promise<void> => {
    const { host: asked = '', origin: from, 'sec-fetch-site': site } = request.headers
    const byBrowser = from !== undefined || site !== undefined
    if (asked !== host && (byBrowser || !isLoopback(asked))) throw new WrongHost(host, 'APP_URL, IDP_ISSUER, GENESYS_URL')
    if (opens({ pages, query, frames }, request)) return
    if (from !== undefined && from !== origin) throw new OtherOrigin()
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new OtherSite()
  }
}

const opens = ({ pages, query, frames }: { pages: string[], query: 'any' | undefined, frames: 'any' | undefined }, { method, url, headers }: FastifyRequest) =>
  method === 'GET' && pages.includes(query === 'any' ? url.split('?', 1)[0]! : url) && headers['sec-fetch-mode'] === 'navigate' &&
  ['document', ...frames ? ['iframe'] : []].includes(String(headers['sec-fetch-dest']))
