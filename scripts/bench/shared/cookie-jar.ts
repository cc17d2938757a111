/** The cookies of one browser: names, values and paths, which is all that these servers make use of. */
export class CookieJar {
  readonly #kept = new Map<string, { pair: string, path: string }>()

  keep (setCookie: string | string[] | undefined) {
    for (const cookie of typeof setCookie === 'string' ? [setCookie] : setCookie ?? []) {
      const [pair, ...attributes] = cookie.split('; ')
      const path = attributes.find(attribute => /^path=/i.test(attribute))?.slice('path='.length) ?? '/'
      const name = pair!.slice(0, pair!.indexOf('='))
      if (attributes.some(attribute => /^expires=Thu, 01 Jan 1970/i.test(attribute))) this.#kept.delete(`${name};${path}`)
      else this.#kept.set(`${name};${path}`, { pair: pair!, path })
    }
  }

  for (pathname: string): string {
    return [...this.#kept.values()].filter(({ path }) => isUnder(pathname, path)).map(({ pair }) => pair).join('; ')
  }
}

/** https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4 */
const isUnder = (pathname: string, path: string) =>
  pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'))
