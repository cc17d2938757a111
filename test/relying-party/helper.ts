import { load, type CheerioAPI } from 'cheerio'
import type { Test } from 'tap'
import { CookieJar } from 'tough-cookie'
import type { Server } from '#lib/http-server.ts'
import type { ServerConfig } from '#lib/settings.ts'
import { buildRelyingParty } from '../../services/relying-party/app.ts'
import { loadRelyingPartyConfig, type RelyingPartyConfig } from '../../services/relying-party/config.ts'
import { freePorts, labSettings } from '../helpers/lab.ts'
import { startIdp, Visitor, type Idp } from '../idp/helper.ts'

// Never given to a test that asks for a free port, as one that was free a moment ago may be.
const nobodysPort = '2'

/** The relying party with nobody at the address of its identity provider; it ends with the test. */
export async function buildAlone (t: Test, settings: Record<string, string> = {}, log?: ServerConfig['log']['destination']) {
  const config = loadRelyingPartyConfig(labSettings({
    LOG_LEVEL: 'silent', LOG_FORMAT: 'json', STATE_DIR: settings['STATE_DIR'] ?? t.testdir({}), IDP_PORT: nobodysPort, ...settings
  }))
  const app = await buildRelyingParty(log ? { ...config, log: { ...config.log, destination: log } } : config)
  t.teardown(() => app.close())
  return { app, config, tab: () => new Tab(app, config) }
}

/** The relying party with a real identity provider, which it talks to over a socket. */
export async function buildWithIdp (t: Test, settings: Record<string, string> = {}) {
  const all = { STATE_DIR: t.testdir({}), ...await freePorts(), ...settings }
  const idp = await startIdp(t, all)
  await idp.app.listen({ host: '127.0.0.1', port: idp.config.port })
  return { idp, ...await buildAlone(t, all) }
}

export interface Answer {
  status: number
  headers: Record<string, unknown>
  location: URL | undefined
  text: string
  $: CheerioAPI
  json (): Record<string, unknown>
}

/** A browser's tab at the relying party: keeps cookies, follows no redirect. */
export class Tab {
  readonly jar = new CookieJar()
  readonly #app: Server
  readonly #config: RelyingPartyConfig

  constructor (app: Server, config: RelyingPartyConfig) {
    this.#app = app
    this.#config = config
  }

  async get (path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#request('GET', path, headers)
  }

  async post (path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#request('POST', path, headers)
  }

  /** Start a sign-in; returns the state of the request. */
  async startSignIn (returnTo = '/'): Promise<string> {
    const { location } = await this.get(`/login?${new URLSearchParams({ return_to: returnTo })}`)
    return location?.searchParams.get('state') ?? ''
  }

  /** Sign in, up to and with the answer to the callback. */
  async signIn (idp: Idp, username: string): Promise<Answer> {
    const { location } = await this.get('/login')
    const visitor = new Visitor(idp)
    const { password } = idp.config.users.find(user => user.username === username)!
    const { location: back } = await visitor.submit(await visitor.open(location!.href), { username, password }, 'Sign in')
    return this.get(`${back?.pathname}${back?.search}`)
  }

  async cookieNames (): Promise<string[]> {
    return (await this.jar.getCookies(this.#config.app)).map(({ key }) => key)
  }

  async #request (method: 'GET' | 'POST', url: string, headers: Record<string, string>): Promise<Answer> {
    const { app } = this.#config
    const response = await this.#app.inject({
      method,
      url,
      headers: { host: new URL(app).host, accept: 'text/html', cookie: await this.jar.getCookieString(app), ...headers }
    })
    for (const cookie of [response.headers['set-cookie'] ?? []].flat()) await this.jar.setCookie(cookie, app)
    return {
      status: response.statusCode,
      headers: response.headers,
      location: response.headers.location === undefined ? undefined : new URL(response.headers.location, app),
      text: response.body,
      $: load(response.body),
      json: () => response.json()
    }
  }
}
