import { Cookie, CookieJar, type MemoryCookieStore, type SerializedCookieJar } from 'tough-cookie'
import { fetch } from '../outbound/outbound.ts'

/** What a request brought. */
export interface Page {
  url: string
  status: number
  headers: { get (name: string): string | null }
  text: string
}

/** How something is asked for. */
export interface PageRequest {
  method?: string
  headers?: Record<string, string>
  /** fields of a form */
  form?: Record<string, string>
}

/** A cookie as Playwright's `storageState` has it. */
export interface TakenCookie {
  name: string
  value: string
  path: string
  httpOnly: boolean
  secure: boolean
  sameSite: 'Lax' | 'None' | 'Strict'
}

const maxRedirects = 20

/** A browser without a window: keeps cookies, follows redirects one by one, runs no script. */
export class ScriptlessBrowser {
  readonly #jar: CookieJar
  readonly #headers: Record<string, string>
  /** where it was, oldest first, without queries */
  readonly visited: string[] = []

  /**
   * @param options.headers what it sends with every request
   * @param options.cookies those of a former one, as `keep` gave them
   *
   * @internal
   */
  constructor ({ headers = {}, cookies }: { headers?: Record<string, string>, cookies?: SerializedCookieJar | undefined } = {}) {
    this.#jar = cookies ? CookieJar.deserializeSync(cookies) : new CookieJar()
    this.#headers = headers
  }

  /**
   * Take cookies that somebody was given, as Playwright has them.
   *
   * @internal
   */
  async take (cookies: TakenCookie[], url: string): Promise<void> {
    for (const { name, value, path, httpOnly, secure, sameSite } of cookies) {
      await this.#jar.setCookie(new Cookie({ key: name, value, path, httpOnly, secure, sameSite: sameSite.toLowerCase() }), url, { ignoreError: true })
    }
  }

  /** Take a cookie as a `Set-Cookie` of this address would say it; one that a browser refuses is dropped. */
  async setCookie (line: string, url: string): Promise<void> {
    await this.#jar.setCookie(line, url, { ignoreError: true })
  }

  /**
   * All cookies that it keeps.
   *
   * @internal
   */
  cookies (): Promise<Cookie[]> {
    return (this.#jar.store as MemoryCookieStore).getAllCookies()
  }

  /**
   * All its cookies, for a later one to begin with.
   *
   * @internal
   */
  keep (): SerializedCookieJar {
    return this.#jar.serializeSync()!
  }

  /** One request, with cookies; a redirect is what comes back. */
  async request (url: string, { method, headers = {}, form }: PageRequest = {}): Promise<Page> {
    const { origin, pathname } = new URL(url)
    this.visited.push(`${origin}${pathname}`)
    const cookie = await this.#jar.getCookieString(url)
    const response = await fetch(url, {
      method: method ?? (form ? 'POST' : 'GET'),
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        ...(cookie !== '' && { cookie }),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...this.#headers,
        ...headers
      },
      ...(form && { body: String(new URLSearchParams(form)) })
    })
    for (const line of response.headers.getSetCookie()) await this.setCookie(line, url)
    return { url, status: response.status, headers: new Headers([...response.headers]), text: await response.text() }
  }

  /**
   * Ask for something and go on to where redirects lead.
   *
   * @param stopAt whether to keep an address that a redirect leads to, in place of opening it: the page has that address then, and the
   *   redirect's status and text
   * @throws {Error} where they go in circles
   */
  async open (url: string, options: PageRequest = {}, stopAt: (url: string) => boolean = () => false): Promise<Page> {
    let page = await this.request(url, options)
    for (let redirects = 0; ; redirects++) {
      const location = page.headers.get('location')
      if (location === null || page.status < 300 || page.status > 399) return page
      if (redirects === maxRedirects) throw new Error(`The redirects go in circles: ${this.visited.slice(-6).join(' → ')}`)
      const next = withoutUserinfo(new URL(location, page.url))
      if (stopAt(next)) return { ...page, url: next }
      page = await this.request(next)
    }
  }
}

// Browsers go to such an address, and send what is in it only where they are asked for it; `fetch` refuses it.
function withoutUserinfo (url: URL): string {
  url.username = url.password = ''
  return url.href
}

/** What a page says, without its markup. */
export const wordsOf = ({ text }: Page): string =>
  text.replace(/<(style|script)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()
