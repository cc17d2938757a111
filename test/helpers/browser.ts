import { load, type CheerioAPI } from 'cheerio'
import { CookieJar } from 'tough-cookie'
import { fetch } from '#lib/outbound.ts'
import type { Lab } from './lab.ts'

/** What a request brought. */
export interface Page {
  url: string
  status: number
  headers: Headers
  text: string
  /** the document, for pages */
  $: CheerioAPI
  json (): unknown
}

/** A browser without a window: keeps cookies, follows redirects one by one, fills in forms, runs no script. */
export class Browser {
  readonly jar = new CookieJar()
  /** every URL that it was sent to, oldest first */
  readonly visited: string[] = []
  readonly lab: Lab

  constructor (lab: Lab) {
    this.lab = lab
  }

  /** One request, with cookies; redirects are not followed. */
  async request (url: string, init: { method?: string, headers?: Record<string, string>, body?: string | URLSearchParams } = {}): Promise<Page> {
    this.visited.push(url)
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { accept: 'text/html,application/xhtml+xml', cookie: await this.jar.getCookieString(url), ...init.headers }
    })
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url)
    const text = await response.text()
    return {
      url,
      status: response.status,
      headers: response.headers as unknown as Headers,
      text,
      $: load(text),
      json: () => JSON.parse(text)
    }
  }

  /** Open a URL and follow redirects to where they end, or to the first URL that `stopAt` wants to keep. */
  async open (url: string, stopAt: (url: string) => boolean = () => false): Promise<Page> {
    return this.#follow(await this.request(url), stopAt)
  }

  /** Send a form of a page: the first, or that of the first button whose text starts so. */
  async submit (page: Page, fields: Record<string, string> = {}, button?: string, stopAt: (url: string) => boolean = () => false): Promise<Page> {
    const { $ } = page
    const pressed = $('button').filter((_, element) =>
      button !== undefined && $(element).text().trim().startsWith(button)).first()
    if (button !== undefined && pressed.length === 0) throw new Error(`${page.url} has no button “${button}”: ${page.text}`)
    const form = button === undefined ? $('form').first() : pressed.closest('form')
    if (form.length === 0) throw new Error(`${page.url} has no form, status ${page.status}: ${page.text}`)
    const body = new URLSearchParams(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
    const name = pressed.attr('name')
    if (name) body.set(name, pressed.attr('value') ?? '')
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    const action = new URL(form.attr('action') ?? page.url, page.url).href
    return this.#follow(await this.request(action, { method: 'POST', body }), stopAt)
  }

  async #follow (page: Page, stopAt: (url: string) => boolean): Promise<Page> {
    for (let hops = 0; hops < 20; hops++) {
      const location = page.headers.get('location')
      if (page.status < 300 || page.status > 399 || location === null) return page
      const next = new URL(location, page.url).href
      if (stopAt(next)) return { ...page, url: next }
      page = await this.request(next)
    }
    throw new Error(`a redirect loop: ${this.visited.slice(-6).join(' → ')}`)
  }

  /** Open the sign-in page, by way of the relying party. */
  async openSignIn (returnTo?: string): Promise<Page> {
    const query = returnTo === undefined ? '' : `?${new URLSearchParams({ return_to: returnTo })}`
    return this.open(`${this.lab.app}/login${query}`)
  }

  /** Sign in as a test user and come back, consenting to whatever is asked. */
  async signIn (username: string, returnTo?: string): Promise<Page> {
    const { password } = this.lab.user(username)
    let page = await this.submit(await this.openSignIn(returnTo), { username, password })
    while (page.$('button:contains("Allow")').length > 0) page = await this.submit(page, {}, 'Allow')
    return page
  }

  /** What `GET /session` says. */
  async session (): Promise<{ authenticated: boolean, user?: Record<string, unknown>, expiresAt?: string, csrfToken?: string }> {
    const page = await this.request(`${this.lab.app}/session`, { headers: { accept: 'application/json' } })
    return page.json() as Awaited<ReturnType<Browser['session']>>
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
    const page = await this.request(`${this.lab.app}/logout`, { method: 'POST', body: new URLSearchParams({ _csrf: csrfToken ?? '' }) })
    const asked = await this.#follow(page, () => false)
    return asked.url.startsWith(this.lab.issuer) ? this.submit(asked, {}, 'Sign out') : asked
  }
}
