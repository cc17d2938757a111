import { load, type CheerioAPI } from 'cheerio'
import { CookieJar } from 'tough-cookie'
import { createFetch } from '#lib/outbound.ts'

export interface Page {
  url: URL
  status: number
  headers: Headers
  text: string
  $: CheerioAPI
}

interface RequestOptions { method?: string, headers?: Record<string, string>, body?: URLSearchParams }

const longestWay = 20
// What the pages for development of oidc-provider ask for.
const answers = { login: 'ada', password: 'any-password', logout: 'yes' }

/** Somebody with a browser that runs no script: follows redirects, signs in where a provider asks, and agrees to everything. */
export class Person {
  readonly jar = new CookieJar()
  /** every URL that the browser was sent to, oldest first */
  readonly visited: string[] = []
  readonly #app: string
  readonly #fetch: ReturnType<typeof createFetch>
  readonly #headers: Record<string, string>

  /**
   * @param app origin of the application, whose pages are not filled in
   * @param options.ca certificate authority that the browser trusts too, in PEM
   * @param options.headers what it sends with every request
   */
  constructor (app: string, { ca, headers = {} }: { ca?: string | undefined, headers?: Record<string, string> } = {}) {
    this.#app = app
    this.#fetch = createFetch({ ca })
    this.#headers = headers
  }

  /** One request, with cookies; redirects are not followed. */
  async request (target: string, { method = 'GET', headers = {}, body }: RequestOptions = {}): Promise<Page> {
    const url = new URL(target, this.#app)
    this.visited.push(url.href)
    const response = await this.#fetch(url.href, {
      method,
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: await this.jar.getCookieString(url.href), ...this.#headers, ...headers },
      ...(body && { body })
    })
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url.href)
    const text = await response.text()
    return { url, status: response.status, headers: response.headers as unknown as Headers, text, $: load(text) }
  }

  /** Open a page, and go wherever that leads: to a page of the application, or to one that leads no further. */
  async open (target: string, options: RequestOptions = {}): Promise<Page> {
    let page = await this.request(target, options)
    for (let steps = 0; steps < longestWay; steps++) {
      const location = page.headers.get('location')
      if (location !== null && page.status >= 300 && page.status < 400) {
        page = await this.request(new URL(location, page.url).href)
      } else if (page.url.origin === this.#app || page.status >= 400 || page.$('form').length === 0) {
        return page
      } else {
        page = await this.#fillIn(page)
      }
    }
    throw new Error(`no end after ${longestWay} pages: ${this.visited.slice(-6).join(' → ')}`)
  }

  /** Sign in, and come back to the application. */
  async signIn (): Promise<Page> {
    return this.open('/login')
  }

  /** Sign out here and at the provider, and come back. */
  async signOut (): Promise<Page> {
    const { csrfToken } = await this.session()
    return this.open('/logout', { method: 'POST', body: new URLSearchParams({ _csrf: String(csrfToken) }) })
  }

  /** What `/session` says. */
  async session (): Promise<{ authenticated: boolean, user?: Record<string, unknown>, csrfToken?: string }> {
    return JSON.parse((await this.request('/session', { headers: { accept: 'application/json' } })).text)
  }

  /** What `/api/profile` answers. */
  async profile (): Promise<{ status: number, body: Record<string, unknown> }> {
    const { status, text } = await this.request('/api/profile', { headers: { accept: 'application/json' } })
    return { status, body: JSON.parse(text) }
  }

  /** The cookies that the application gets back, as in the header. */
  async cookies (): Promise<string> {
    return this.jar.getCookieString(this.#app)
  }

  async #fillIn ({ url, $ }: Page): Promise<Page> {
    const form = $('form').first()
    const body = new URLSearchParams(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
    for (const [name, value] of Object.entries(answers)) body.set(name, value)
    return this.request(new URL(form.attr('action') ?? url.href, url).href, { method: 'POST', body })
  }
}
