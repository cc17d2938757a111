import { Cookie, CookieJar, type MemoryCookieStore } from 'tough-cookie'
import type { StorageState } from '../../services/idp/control-api/control-api-client.ts'
import { fetch } from '../../services/lib/outbound/outbound.ts'

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

const maxRedirects = 20

/** A browser without a window: keeps cookies, follows redirects one by one, runs no script. */
export class ScriptlessBrowser {
  readonly #jar = new CookieJar()
  /** where it was, oldest first, without queries */
  readonly visited: string[] = []

  /**
   * Take cookies that somebody was given, as Playwright has them.
   *
   * @internal
   */
  async take (cookies: StorageState['cookies'], url: string): Promise<void> {
    for (const { name, value, path, httpOnly, secure, sameSite } of cookies) {
      await this.#jar.setCookie(new Cookie({ key: name, value, path, httpOnly, secure, sameSite: sameSite.toLowerCase() }), url, { ignoreError: true })
    }
  }

  /**
   * All cookies that it keeps.
   *
   * @internal
   */
  cookies (): Promise<Cookie[]> {
    return (this.#jar.store as MemoryCookieStore).getAllCookies()
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
        ...headers
      },
      ...(form && { body: String(new URLSearchParams(form)) })
    })
    for (const line of response.headers.getSetCookie()) await this.#jar.setCookie(line, url, { ignoreError: true })
    return { url, status: response.status, headers: new Headers([...response.headers]), text: await response.text() }
  }

  /**
   * Ask for something and go on to where redirects lead.
   *
   * @throws {Error} where they go in circles
   */
  async open (url: string, options: PageRequest = {}): Promise<Page> {
    let page = await this.request(url, options)
    for (let redirects = 0; ; redirects++) {
      const location = page.headers.get('location')
      if (location === null || page.status < 300 || page.status > 399) return page
      if (redirects === maxRedirects) throw new Error(`The redirects go in circles: ${this.visited.slice(-6).join(' → ')}`)
      page = await this.request(new URL(location, page.url).href)
    }
  }
}

/** What a page says, without its markup. */
export const wordsOf = ({ text }: Page): string =>
  text.replace(/<(style|script)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()
