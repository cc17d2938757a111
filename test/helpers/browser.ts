import { load, type CheerioAPI } from 'cheerio/slim'
import { CookieJar } from 'tough-cookie'
import type { Server } from '#lib/server/http-server.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import type { User } from '../../services/idp/accounts/users.ts'
import type { Lab } from './lab.ts'

interface Answer { status: number, headers: Headers, text: string }

/** How one request of a browser reaches whoever answers it. */
export type Send = (url: URL, request: { method: string, headers: Record<string, string>, body?: string }) => Promise<Answer>

/** Over sockets, by a `fetch` of undici. */
export function overSockets (fetchIt: typeof fetch = fetch): Send {
  return async (url, request) => {
    const response = await fetchIt(url.href, { redirect: 'manual', ...request })
    return { status: response.status, headers: new Headers([...response.headers]), text: await response.text() }
  }
}

/** Without a socket, to apps of this process, by the origin that each has. */
export function injectedInto (apps: Record<string, Server>): Send {
  return async ({ origin, host, pathname, search }, { method, headers, body }) => {
    const app = apps[origin]
    if (!app) throw new Error(`nobody is at ${origin}, to be asked for ${pathname}`)
    const response = await app.inject({
      method: method as 'GET', url: pathname + search, headers: { host, ...headers }, ...(body !== undefined && { payload: body })
    })
    const pairs = Object.entries(response.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((value): [string, string] => [name, String(value)]))
    return { status: response.statusCode, headers: new Headers(pairs), text: response.body }
  }
}

/** What a request brought. */
export class Page {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** where a redirect leads that was not followed */
  readonly location: URL | undefined
  readonly json: <Body = Record<string, unknown>>() => Body
  #document: CheerioAPI | undefined

  constructor (url: string, { status, headers, text }: Answer) {
    this.url = url
    this.status = status
    this.headers = headers
    this.text = text
    const location = headers.get('location')
    this.location = location === null ? undefined : new URL(location, url)
    this.json = () => JSON.parse(text)
  }

  /** the document, for pages */
  get $ (): CheerioAPI {
    this.#document ??= load(this.text)
    return this.#document
  }
}

export interface RequestOptions {
  method?: string
  headers?: Record<string, string>
  body?: string | URLSearchParams | Record<string, string>
  /** in a frame of a page of another site, or by a form of one: no cookies come along but those that are meant for it */
  inFrame?: boolean
}

/** A browser without a window: keeps cookies, follows redirects one by one, fills in forms, runs no script. */
export class ScriptlessBrowser {
  readonly jar: CookieJar
  /** every URL that it was sent to, oldest first */
  readonly visited: string[] = []
  readonly #send: Send
  readonly #base: string | undefined
  readonly #headers: Record<string, string>
  readonly #stopAt: (url: string) => boolean

  /**
   * @param options.base what relative addresses are relative to
   * @param options.headers what it sends with every request
   * @param options.stopAt addresses that redirects lead to and that it does not open, where a call does not say
   */
  constructor ({ send = overSockets(), jar = new CookieJar(), base, headers = {}, stopAt = () => false }: {
    send?: Send, jar?: CookieJar, base?: string, headers?: Record<string, string>, stopAt?: (url: string) => boolean
  } = {}) {
    this.jar = jar
    this.#send = send
    this.#base = base
    this.#headers = headers
    this.#stopAt = stopAt
  }

  /** One request, with cookies; redirects are not followed. */
  async request (address: string, { method = 'GET', headers = {}, body, inFrame = false }: RequestOptions = {}): Promise<Page> {
    const url = new URL(address, this.#base)
    this.visited.push(url.href)
    // What a browser does not take there, it drops without a word.
    const context = inFrame ? { sameSiteContext: 'none' as const, ignoreError: true } : {}
    const cookie = await this.jar.getCookieString(url.href, context)
    const answer = await this.#send(url, {
      method,
      headers: {
        accept: 'text/html,application/xhtml+xml',
        ...(cookie !== '' && { cookie }),
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...this.#headers,
        ...headers
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : String(new URLSearchParams(body)) })
    })
    for (const cookie of answer.headers.getSetCookie()) await this.jar.setCookie(cookie, url.href, context)
    return new Page(url.href, answer)
  }

  /** Open a URL and follow redirects to where they end, or to the first URL that `stopAt` wants to keep. */
  async open (url: string, stopAt = this.#stopAt, options: RequestOptions = {}): Promise<Page> {
    return this.follow(await this.request(url, options), stopAt, options)
  }

  /** Send a form of a page: the first, or that of the first button whose text starts so. */
  async submit (page: Page, fields: Record<string, string> = {}, button?: string, stopAt = this.#stopAt): Promise<Page> {
    const { $ } = page
    const pressed = $('button').filter((_, element) =>
      button !== undefined && $(element).text().trim().startsWith(button)).first()
    if (button !== undefined && pressed.length === 0) {
      throw new Error(`${page.url}, status ${page.status}, has no button “${button}”: ${page.text}`)
    }
    const form = button === undefined ? $('form').first() : pressed.closest('form')
    if (form.length === 0) throw new Error(`${page.url} has no form, status ${page.status}: ${page.text}`)
    const body = new URLSearchParams(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
    const name = pressed.attr('name')
    if (name) body.set(name, pressed.attr('value') ?? '')
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    const action = new URL(form.attr('action') ?? page.url, page.url).href
    return this.follow(await this.request(action, { method: 'POST', body }), stopAt)
  }

  /** Go on from what a request brought, by redirects; a page that `stopAt` wanted to keep has the URL that it leads to. */
  async follow (page: Page, stopAt = this.#stopAt, { headers = {}, inFrame = false }: RequestOptions = {}): Promise<Page> {
    for (let hops = 0; hops < 20; hops++) {
      if (page.status < 300 || page.status > 399 || !page.location) return page
      const next = page.location.href
      if (stopAt(next)) return new Page(next, page)
      page = await this.request(next, { headers, inFrame })
    }
    throw new Error(`a redirect loop: ${this.visited.slice(-6).join(' → ')}`)
  }
}

/** What a person enters at the sign-in page. */
export const credentialsOf = ({ username, password }: User) => ({ username, password })

/** A browser at the application of a lab. */
export class Browser extends ScriptlessBrowser {
  readonly lab: Lab

  constructor (lab: Lab) {
    super()
    this.lab = lab
  }

  /** Open the sign-in page, by way of the relying party. */
  async openSignIn (returnTo?: string): Promise<Page> {
    const query = returnTo === undefined ? '' : `?${new URLSearchParams({ return_to: returnTo })}`
    return this.open(`${this.lab.app}/login${query}`)
  }

  /** Sign in as a test user and come back, consenting to whatever is asked; then get the Messenger's code, as the page does. */
  async signIn (username: string, returnTo?: string): Promise<Page> {
    const page = await this.#consent(await this.submit(await this.openSignIn(returnTo), credentialsOf(this.lab.user(username))))
    return page.url.startsWith(this.lab.app) && page.status === 200 ? this.fetchCode(page) : page
  }

  /** Have the relying party ask for the Messenger's code, and come back to the page. */
  async fetchCode ({ url }: Pick<Page, 'url'> = { url: `${this.lab.app}/` }): Promise<Page> {
    const { pathname, search, hash } = new URL(url)
    return this.#consent(await this.open(`${this.lab.app}/messenger/login?${new URLSearchParams({ return_to: pathname + search + hash })}`))
  }

  async #consent (page: Page): Promise<Page> {
    while (page.$('button:contains("Allow")').length > 0) page = await this.submit(page, {}, 'Allow')
    return page
  }

  /** What `GET /session` says. */
  async session (): Promise<{ authenticated: boolean, user?: Record<string, unknown>, expiresAt?: string, csrfToken?: string }> {
    const page = await this.request(`${this.lab.app}/session`, { headers: { accept: 'application/json' } })
    return page.json()
  }

  /** `POST /messenger/auth-code` as the page does it. */
  async authCode (csrfToken?: string): Promise<Page> {
    const token = csrfToken ?? (await this.session()).csrfToken ?? ''
    return this.request(`${this.lab.app}/messenger/auth-code`, {
      method: 'POST', headers: { accept: 'application/json', 'csrf-token': token }
    })
  }

  /** Sign out here and, if the question comes, at the identity provider. */
  async signOut (): Promise<Page> {
    const { csrfToken } = await this.session()
    const page = await this.request(`${this.lab.app}/logout`, { method: 'POST', body: { _csrf: csrfToken ?? '' } })
    const asked = await this.follow(page)
    return asked.$('button:contains("Stay signed in")').length > 0 ? this.submit(asked, {}, 'Sign out') : asked
  }
}
