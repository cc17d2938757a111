import { basePathOf } from '#lib/server/request-target.ts'

/**
 * What a cookie of this application is called, and where browsers send it.
 *
 * Over TLS it has the prefix by which they refuse one of a sibling host, and one without Secure. With it a cookie goes to all of
 * a host, so an application below a path has that in the name: there may be another beside it.
 *
 * @param app URL of this application
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix
 */
export function cookieOf (app: string, name: string) {
  const secure = app.startsWith('https:')
  const basePath = basePathOf(app)
  return {
    name: secure ? `__Host-${name}${basePath.replaceAll('/', '.')}` : name,
    options: { path: secure || basePath === '' ? '/' : basePath, httpOnly: true, sameSite: 'lax', secure }
  } as const
}
