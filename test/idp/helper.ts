import { createHash } from 'node:crypto'
import { load, type CheerioAPI } from 'cheerio'
import type { Test } from 'tap'
import { CookieJar } from 'tough-cookie'
import type { Server } from '#lib/http-server.ts'
import type { ServerConfig } from '#lib/settings.ts'
import { buildIdp } from '../../services/idp/app.ts'
import type { RegisteredClient } from '../../services/idp/clients.ts'
import { loadIdpConfig, type IdpConfig } from '../../services/idp/config.ts'
import { createLabClient, LabError, type Fetch, type LabClient } from '../../services/idp/lab-client.ts'
import type { Seed } from '../../services/idp/realm.ts'
import { labSettings } from '../helpers/lab.ts'

export const codeVerifier = 'a-code-verifier-as-long-as-the-specification-asks-for'
export const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')

/** A page, or a redirect that leads away from the identity provider. */
export interface Page {
  url: string
  status: number
  headers: Record<string, unknown>
  text: string
  $: CheerioAPI
  /** where the browser was sent, when that is no longer the identity provider */
  left: URL | undefined
}

/** The identity provider, its clients and what they ask of it; it ends with the test. */
export async function startIdp (t: Test, settings: Record<string, string> = {}, log?: ServerConfig['log']['destination']) {
  const config = loadIdpConfig(labSettings({
    LOG_LEVEL: 'silent', LOG_FORMAT: 'json', STATE_DIR: settings['STATE_DIR'] ?? t.testdir({}), ...settings
  }))
  const app = await buildIdp(log ? { ...config, log: { ...config.log, destination: log } } : config)
  t.teardown(() => app.close())
  return new Idp(app, config)
}

/** The identity provider as its clients see it. */
export class Idp {
  readonly app: Server
  readonly config: IdpConfig
  readonly relyingParty: RegisteredClient
  readonly genesys: RegisteredClient
  readonly lab: LabClient
  /** path of the issuer: '' at the root */
  readonly base: string

  constructor (app: Server, config: IdpConfig, base = '') {
    this.app = app
    this.config = config
    this.base = base
    this.lab = createLabClient(`${config.issuer}${base}`, { fetch: (url, options) => inject(app, url, options) })
    this.relyingParty = config.clients.find(client => client.client_id === 'relying-party')!
    this.genesys = config.clients.find(client => client.client_id === 'genesys-messenger')!
  }

  /** Another issuer of the same identity provider, made now if there is none of that name. */
  async realm (name: string, seed?: Partial<Seed>): Promise<Idp> {
    await this.lab.realms.make(name, seed)
    return new Idp(this.app, this.config, `/realms/${name}`)
  }

  /** The parameters of a correct authorization request, with changes; `undefined` leaves one out. */
  authorizationRequest (client: RegisteredClient, changes: Record<string, string | undefined> = {}): string {
    const parameters = {
      client_id: client.client_id,
      redirect_uri: client.redirect_uris[0],
      response_type: 'code',
      scope: 'openid profile email',
      state: 'the-state',
      nonce: 'the-nonce',
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
      ...changes
    }
    return `${this.base}/auth?${form(parameters)}`
  }

  /** A request of a client's backend; it authenticates as it is registered to. */
  async post (
    path: string,
    client: RegisteredClient | undefined,
    fields: Record<string, string | undefined>,
    method = client?.token_endpoint_auth_method
  ) {
    const { client_id: id, client_secret: secret } = client ?? { client_id: '', client_secret: '' }
    return this.app.inject({
      method: 'POST',
      url: `${this.base}${path}`,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(method === 'client_secret_basic' && { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` })
      },
      payload: form({ ...fields, ...(method === 'client_secret_post' && { client_id: id, client_secret: secret }) })
    })
  }

  /** Redeem a code as a correct client does, with changes; `undefined` leaves one out. */
  redeem (client: RegisteredClient, code: string, changes: Record<string, string | undefined> = {}) {
    return this.post('/token', client, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: client.redirect_uris[0],
      code_verifier: codeVerifier,
      ...changes
    })
  }

  refresh (client: RegisteredClient, refreshToken: string) {
    return this.post('/token', client, { grant_type: 'refresh_token', refresh_token: refreshToken })
  }

  userinfo (accessToken: string) {
    return this.app.inject({ url: `${this.base}/me`, headers: { authorization: `Bearer ${accessToken}` } })
  }

  /** A code for a user, who signs in for it in a browser of their own. */
  async codeFor (
    username: string,
    client = this.relyingParty,
    changes: Record<string, string | undefined> = {}
  ): Promise<string> {
    const { left } = await new Visitor(this).signIn(username, client, changes)
    return left?.searchParams.get('code') ?? ''
  }

  /** What a client gets for a user who signs in. */
  async tokensFor (
    username: string,
    client = this.relyingParty,
    changes: Record<string, string | undefined> = {}
  ): Promise<Tokens> {
    return (await this.redeem(client, await this.codeFor(username, client, changes))).json()
  }

  /** How long the grant of `offline_access` takes: the request and the consent that it demands. */
  offline = { scope: 'openid offline_access', prompt: 'consent' }
}

export interface Tokens {
  access_token: string
  id_token: string
  refresh_token?: string
  scope: string
  expires_in: number
}

/** A browser at the identity provider: keeps cookies, follows redirects as long as they stay there, runs no script. */
export class Visitor {
  readonly jar: CookieJar
  readonly #idp: Idp

  constructor (idp: Idp, jar = new CookieJar()) {
    this.#idp = idp
    this.jar = jar
  }

  async open (url: string): Promise<Page> {
    return this.#request('GET', url)
  }

  /** Open it in a frame of a page of another site, which gets no cookies but those that are meant for it. */
  async openInFrame (url: string): Promise<Page> {
    return this.#request('GET', url, { inFrame: true })
  }

  /** Send the form that has the button whose text begins like this. */
  async submit (page: Page, button: string, fields: Record<string, string> = {}): Promise<Page> {
    const { $ } = page
    const pressed = $('button').filter((_, element) => $(element).text().trim().startsWith(button)).first()
    if (pressed.length === 0) throw new Error(`${page.url}, status ${page.status}, has no button “${button}”: ${page.text}`)
    const pressedField = pressed.attr('name') ? { [pressed.attr('name')!]: pressed.attr('value') ?? '' } : {}
    const own = Object.fromEntries(pressed.closest('form').serializeArray().map(({ name, value }) => [name, value]))
    return this.post(pressed.closest('form').attr('action')!, { ...own, ...pressedField, ...fields })
  }

  async post (url: string, fields: Record<string, string>): Promise<Page> {
    return this.#request('POST', url, { payload: form(fields) })
  }

  /** Send a form of a page of another site, which gets no more cookies than a frame. */
  async postFromElsewhere (url: string, fields: Record<string, string>): Promise<Page> {
    return this.#request('POST', url, { payload: form(fields), inFrame: true })
  }

  /** Go through an authorization request as a user who signs in and agrees to everything. */
  async signIn (
    username: string,
    client = this.#idp.relyingParty,
    changes: Record<string, string | undefined> = {}
  ): Promise<Page> {
    const user = this.#idp.config.users.find(user => user.username === username)!
    let page = await this.open(this.#idp.authorizationRequest(client, changes))
    if (page.$('#password').length > 0) page = await this.submit(page, 'Sign in', { username, password: user.password })
    if (page.$('button:contains("Allow")').length > 0) page = await this.submit(page, 'Allow')
    return page
  }

  /** Whether the identity provider still knows this browser. */
  async isKnown (): Promise<boolean> {
    const { left } = await this.open(this.#idp.authorizationRequest(this.#idp.relyingParty, { prompt: 'none' }))
    return left?.searchParams.has('code') ?? false
  }

  async #request (
    method: 'GET' | 'POST', path: string, { payload, inFrame }: { payload?: string, inFrame?: boolean } = {}
  ): Promise<Page> {
    const { issuer } = this.#idp.config
    const url = new URL(path, issuer)
    // What a browser does not take there, it drops without a word.
    const sent = inFrame ? { sameSiteContext: 'none' as const, ignoreError: true } : {}
    const response = await this.#idp.app.inject({
      method,
      url: url.pathname + url.search,
      headers: {
        accept: 'text/html',
        cookie: await this.jar.getCookieString(url.href, sent),
        ...(payload !== undefined && { 'content-type': 'application/x-www-form-urlencoded' })
      },
      ...(payload !== undefined && { payload })
    })
    for (const cookie of [response.headers['set-cookie'] ?? []].flat()) await this.jar.setCookie(cookie, url.href, sent)
    const left = response.headers.location === undefined ? undefined : new URL(response.headers.location, url)
    if (left?.origin === new URL(issuer).origin) return this.#request('GET', left.href, inFrame ? { inFrame } : {})
    return {
      url: url.href,
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      $: load(response.body, { scriptingEnabled: false }),
      left
    }
  }
}

/** What a call of the control API was refused with. */
export async function refusalOf (
  call: Promise<unknown>
): Promise<{ status: number, error: string | undefined, description: string | undefined }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return { status: error.status, error: error.body.error, description: error.body.error_description }
  }
  throw new Error('the call was not refused')
}

/** A request as Node's `fetch` makes one, without a socket. */
async function inject (app: Server, url: string, { method, headers, body }: Parameters<Fetch>[1]) {
  const { host, pathname, search } = new URL(url)
  const response = await app.inject({
    method: method as 'GET', url: pathname + search, headers: { ...headers, host }, ...(body !== undefined && { payload: body })
  })
  return { status: response.statusCode, text: async () => response.body }
}

function form (fields: Record<string, string | undefined>): string {
  return String(new URLSearchParams(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)))
}
