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
  /** fields of a form; as pairs where a name comes more than once */
  form?: Record<string, string> | Iterable<[string, string]>
  /** in a frame of a page of another site, or by a form of one: no cookies come along but those that are meant for it */
  inFrame?: boolean
}

/**
 * What of `fetch` it needs.
 *
 * @internal
 */
export type PageFetch = (url: string, request: { method: string, redirect: 'manual', headers: Record<string, string>, body?: string }) => Promise<{
  status: number
  headers: Iterable<[string, string]> & { getSetCookie (): string[] }
  text (): Promise<string>
}>

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
const lastSteps = 6

/** A browser without a window: keeps cookies, follows redirects one by one, runs no script. */
export class ScriptlessBrowser {
  /** @internal */
  readonly jar: CookieJar
  readonly #headers: Record<string, string>
  readonly #fetch: PageFetch
  /** every address that it was sent to, oldest first */
  readonly visited: string[] = []

  /**
   * @param options.headers what it sends with every request
   * @param options.cookies those of a former one, as `keep` gave them, or those that it shares with another
   * @param options.fetch how its requests get to whoever answers them
   *
   * @internal
   */
  constructor ({ headers = {}, cookies, fetch: fetchPage = fetch }: {
    headers?: Record<string, string>, cookies?: SerializedCookieJar | CookieJar | undefined, fetch?: PageFetch
  } = {}) {
    this.jar = cookies instanceof CookieJar ? cookies : cookies ? CookieJar.deserializeSync(cookies) : new CookieJar()
    this.#headers = headers
    this.#fetch = fetchPage
  }

  /**
   * Where it was last, for a message: without the queries, in which codes stand.
   *
   * @internal
   */
  get way (): string {
    return this.visited.slice(-lastSteps).map(url => url.replace(/[?#].*$/, '')).join(' → ')
  }

  /**
   * Take cookies that somebody was given, as Playwright has them.
   *
   * @internal
   */
  async take (cookies: TakenCookie[], url: string): Promise<void> {
    for (const { name, value, path, httpOnly, secure, sameSite } of cookies) {
      await this.jar.setCookie(new Cookie({ key: name, value, path, httpOnly, secure, sameSite: sameSite.toLowerCase() }), url, { ignoreError: true })
    }
  }

  /** Take a cookie as a `Set-Cookie` of this address would say it; one that a browser refuses is dropped. */
  async setCookie (line: string, url: string, { inFrame }: Pick<PageRequest, 'inFrame'> = {}): Promise<void> {
    await this.jar.setCookie(line, url, { ...contextOf(inFrame), ignoreError: true })
  }

  /**
   * All cookies that it keeps.
   *
   * @internal
   */
  cookies (): Promise<Cookie[]> {
    return (this.jar.store as MemoryCookieStore).getAllCookies()
  }

  /**
   * All its cookies, for a later one to begin with.
   *
   * @internal
   */
  keep (): SerializedCookieJar {
    return this.jar.serializeSync()!
  }

  /** One request, with cookies; a redirect is what comes back. */
  async request (address: string, { method, headers = {}, form, inFrame = false }: PageRequest = {}): Promise<Page> {
    const url = new URL(address).href
    this.visited.push(url)
    const cookie = await this.jar.getCookieString(url, contextOf(inFrame))
    const response = await this.#fetch(url, {
      method: method ?? (form ? 'POST' : 'GET'),
      redirect: 'manual',
      headers: {
        accept: 'text/html,application/xhtml+xml',
        ...(cookie !== '' && { cookie }),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...this.#headers,
        ...headers
      },
      ...(form && { body: String(new URLSearchParams(form)) })
    })
    for (const line of response.headers.getSetCookie()) await this.setCookie(line, url, { inFrame })
    return { url, status: response.status, headers: new Headers([...response.headers]), text: await response.text() }
  }

  /**
   * Ask for something and go on to where redirects lead.
   *
   * @param stopAt whether to keep an address that a redirect leads to, in place of opening it: the page has that address then, and the
   *   redirect's status and text
   * @throws {Error} where they go in circles
   */
  async open (url: string, options: PageRequest = {}, stopAt?: (url: string) => boolean): Promise<Page> {
    return this.follow(await this.request(url, options), options, stopAt)
  }

  /**
   * Go on from what a request brought to where redirects lead, as `open` does.
   *
   * @throws {Error} where they go in circles
   */
  async follow (page: Page, { inFrame = false }: Pick<PageRequest, 'inFrame'> = {}, stopAt: (url: string) => boolean = () => false): Promise<Page> {
    for (let redirects = 0; ; redirects++) {
      const location = page.headers.get('location')
      if (location === null || page.status < 300 || page.status > 399) return page
      if (redirects === maxRedirects) throw new Error(`The redirects go in circles: ${this.way}`)
      const next = withoutUserinfo(new URL(location, page.url))
      if (stopAt(next)) return { ...page, url: next }
      page = await this.request(next, { inFrame })
    }
  }
}

/** What tough-cookie is to know of where a request comes from. */
const contextOf = (inFrame = false) => inFrame ? { sameSiteContext: 'none' as const } : {}

// Browsers go to such an address, and send what is in it only where they are asked for it; `fetch` refuses it.
function withoutUserinfo (url: URL): string {
  url.username = url.password = ''
  return url.href
}

/** What a page says, without its markup. */
export const wordsOf = ({ text }: Page): string =>
  text.replace(/<(style|script)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim()
