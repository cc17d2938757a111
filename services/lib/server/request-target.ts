import type { IncomingMessage } from 'node:http'

/** The path of a URL, without a slash at the end: nothing for one that is all of a host. */
export const basePathOf = (url: string): string => new URL(url).pathname.replace(/\/+$/, '')

/**
 * Path and query of a request, as the routes of a service have them that is all of a host or below a path of one. A proxy may
 * pass that path on or leave it out, and whoever asks past the proxy need not know of it.
 *
 * A target in absolute form counts more than the `Host` beside it.
 *
 * @param basePath as of `basePathOf`
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function pathBelow (basePath: string, request: IncomingMessage & { originalUrl?: string }): string {
  const target = originForm(request)
  const below = target.slice(basePath.length)
  if (basePath === '' || !target.startsWith(basePath) || !/^([/?]|$)/.test(below)) return target
  return below.startsWith('/') ? below : `/${below}`
}

function originForm (request: IncomingMessage & { originalUrl?: string }): string {
  const target = request.url ?? '/'
  const [start, authority] = /^https?:\/\/([^/?#]+)/i.exec(target) ?? []
  if (start === undefined) return target
  request.headers.host = authority
  const rest = target.slice(start.length)
  request.originalUrl = rest.startsWith('/') ? rest : `/${rest}`
  return request.originalUrl
}
