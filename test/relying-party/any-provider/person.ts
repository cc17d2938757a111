import { createFetch } from '#lib/outbound/outbound.ts'
import type { PageRequest } from '#lib/browser/scriptless-browser.ts'
import { FormBrowser, type Page } from '../../helpers/browser.ts'

const longestWay = 10
// What the pages for development of oidc-provider ask for.
const answers = { login: 'ada', password: 'any-password', logout: 'yes' }

/** Somebody with a browser that runs no script, who signs in where a provider asks, and agrees to everything. */
export class Person extends FormBrowser {
  readonly #app: string

  /**
   * @param app origin of the application, whose pages are not filled in
   * @param options.ca certificate authority that the browser trusts too, in PEM
   * @param options.headers what it sends with every request
   */
  constructor (app: string, { ca, headers = {} }: { ca?: string | undefined, headers?: Record<string, string> } = {}) {
    super({ headers, fetch: createFetch({ ca }) })
    this.#app = app
  }

  /** By a path at the application, or by a whole address. */
  override request (target: string, options?: PageRequest): Promise<Page> {
    return super.request(new URL(target, this.#app).href, options)
  }

  /** Open a page, and go wherever that leads: to a page of the application, or to one that leads no further. */
  override async open (target: string, options?: PageRequest, stopAt?: (url: string) => boolean): Promise<Page> {
    let page = await super.open(target, options, stopAt)
    for (let forms = 0; forms < longestWay && this.#isAsked(page); forms++) page = await this.submit(page, answers)
    return page
  }

  /** Sign in, and come back to the application. */
  async signIn (): Promise<Page> {
    return this.open('/login')
  }

  /** Have the Messenger's code fetched, as the page does in a frame: where that ends. */
  async fetchCode (): Promise<Page> {
    return this.open('/messenger/login?frame=true')
  }

  /** Sign out here and at the provider, and come back. */
  async signOut (): Promise<Page> {
    const { csrfToken } = await this.session()
    return this.open('/logout', { form: { _csrf: String(csrfToken) } })
  }

  /** What `/session` says. */
  async session (): Promise<{ authenticated: boolean, user?: Record<string, unknown>, csrfToken?: string }> {
    return (await this.request('/session', { headers: { accept: 'application/json' } })).json()
  }

  /** What `/api/profile` answers. */
  async profile (): Promise<{ status: number, body: Record<string, unknown> }> {
    const { status, json } = await this.request('/api/profile', { headers: { accept: 'application/json' } })
    return { status, body: json() }
  }

  /** The cookies that the application gets back, as in the header. */
  async cookieHeader (): Promise<string> {
    return this.jar.getCookieString(this.#app)
  }

  #isAsked ({ url, status, $ }: Page): boolean {
    return status < 400 && new URL(url).origin !== this.#app && $('form').length > 0
  }
}
