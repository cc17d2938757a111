import { load, type CheerioAPI } from 'cheerio/slim'
import { ScriptlessBrowser, type Page as ScriptlessPage, type PageRequest } from '#lib/browser/scriptless-browser.ts'
import type { Server } from '#lib/server/http-server.ts'
import type { User } from '../../services/idp/accounts/users.ts'
import type { LabDescription } from './lab.ts'

/** A `fetch` without a socket, to apps of this process, by the origin that each has. */
export function injectedInto (apps: Record<string, Server>) {
  return async (url: string, { method, headers, body }: { method: string, headers: Record<string, string>, body?: string }) => {
    const { origin, host, pathname, search } = new URL(url)
    const app = apps[origin]
    if (!app) throw new Error(`nobody is at ${origin}, to be asked for ${pathname}`)
    const response = await app.inject({
      method: method as 'GET', url: pathname + search, headers: { host, ...headers }, ...(body !== undefined && { payload: body })
    })
    const pairs = Object.entries(response.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((value): [string, string] => [name, String(value)]))
    return { status: response.statusCode, headers: new Headers(pairs), text: async () => response.body }
  }
}

/** What a request brought, and what a test reads of it. */
export class Page implements ScriptlessPage {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** where a redirect leads that was not followed */
  readonly location: URL | undefined
  readonly json: <Body = Record<string, unknown>>() => Body
  #document: CheerioAPI | undefined

  constructor ({ url, status, headers, text }: ScriptlessPage) {
    this.url = url
    this.status = status
    // Its type says less, for projects that do not know this one.
    this.headers = headers as Headers
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

/** A browser without a window whose pages are documents, and that fills in their forms. */
export class FormBrowser extends ScriptlessBrowser {
  override async request (url: string, options?: PageRequest): Promise<Page> {
    return new Page(await super.request(url, options))
  }

  override async open (url: string, options?: PageRequest, stopAt?: (url: string) => boolean): Promise<Page> {
    return new Page(await super.open(url, options, stopAt))
  }

  override async follow (page: ScriptlessPage, options?: PageRequest, stopAt?: (url: string) => boolean): Promise<Page> {
    return new Page(await super.follow(page, options, stopAt))
  }

  /** Outside of a frame, a cookie that a browser refuses is a mistake of whoever has set it. */
  override async setCookie (line: string, url: string, options: PageRequest = {}): Promise<void> {
    if (options.inFrame) return super.setCookie(line, url, options)
    await this.jar.setCookie(line, url)
  }

  /** Send a form of a page: the first, or that of the first button whose text starts so. */
  async submit (page: Page, fields: Record<string, string> = {}, button?: string, stopAt?: (url: string) => boolean): Promise<Page> {
    const { $ } = page
    const pressed = $('button').filter((_, element) =>
      button !== undefined && $(element).text().trim().startsWith(button)).first()
    if (button !== undefined && pressed.length === 0) {
      throw new Error(`${page.url}, status ${page.status}, has no button “${button}”: ${page.text}`)
    }
    const form = button === undefined ? $('form').first() : pressed.closest('form')
    if (form.length === 0) throw new Error(`${page.url} has no form, status ${page.status}: ${page.text}`)
    const sent = new URLSearchParams(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
    const name = pressed.attr('name')
    if (name) sent.set(name, pressed.attr('value') ?? '')
    for (const [name, value] of Object.entries(fields)) sent.set(name, value)
    const action = new URL(form.attr('action') ?? page.url, page.url).href
    return this.follow(await this.request(action, { form: sent }), {}, stopAt)
  }
}

/** What a person enters at the sign-in page. */
export const credentialsOf = ({ username, password }: User) => ({ username, password })

/** A browser at the application of a lab. */
export class Browser extends FormBrowser {
  readonly lab: LabDescription

  constructor (lab: LabDescription) {
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
    const page = await this.request(`${this.lab.app}/logout`, { form: { _csrf: csrfToken ?? '' } })
    const asked = await this.follow(page)
    return asked.$('button:contains("Stay signed in")').length > 0 ? this.submit(asked, {}, 'Sign out') : asked
  }
}
