import { createHash, randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { CookieJar } from 'tough-cookie'
import type { PageRequest } from '#lib/browser/scriptless-browser.ts'
import type { Server } from '#lib/server/http-server.ts'
import type { ServerConfig } from '#lib/settings/settings.ts'
import { buildIdp } from '../../services/idp/app.ts'
import type { RegisteredClient } from '../../services/idp/clients/registered-clients.ts'
import { loadIdpConfig, type IdpConfig } from '../../services/idp/config.ts'
import { createControlApiClient, ControlApiError, type ControlApiClient, type RealmSeed } from '../../services/idp/control-api/control-api-client.ts'
import { FormBrowser, injectedInto, type Page } from '../helpers/browser.ts'
import { takeKeysFromFile } from '../helpers/keys.ts'
import { labSettings } from '../helpers/lab.ts'

export const codeVerifier = 'a-code-verifier-as-long-as-the-specification-asks-for'
export const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')

/** The identity provider, its clients and what they ask of it; it ends with the test. */
export async function startIdp (t: Test, settings: Record<string, string> = {}, log?: ServerConfig['log']['destination']) {
  takeKeysFromFile()
  const config = loadIdpConfig(labSettings({
    LOG_LEVEL: 'silent', LOG_FORMAT: 'json', STATE_DIR: settings['STATE_DIR'] ?? t.testdir({}), ...settings
  }))
  const app = await buildIdp(log ? { ...config, log: { ...config.log, destination: log } } : config)
  t.teardown(() => app.close())
  return new Idp(app, config)
}

/** The identity provider as its clients see it, at the root or in a realm. */
export class Idp {
  readonly app: Server
  readonly config: IdpConfig
  readonly relyingParty: RegisteredClient
  readonly genesys: RegisteredClient
  readonly lab: ControlApiClient
  readonly issuer: string
  /** path of the issuer: '' at the root */
  readonly base: string

  constructor (app: Server, config: IdpConfig, base = '') {
    this.app = app
    this.config = config
    this.base = base
    this.issuer = `${config.issuer}${base}`
    this.lab = createControlApiClient(this.issuer, { fetch: injectedInto({ [new URL(config.issuer).origin]: app }) })
    this.relyingParty = config.clients.find(client => client.client_id === 'relying-party')!
    this.genesys = config.clients.find(client => client.client_id === 'genesys-messenger')!
  }

  /** Another issuer of the same identity provider, made now if there is none of that name. */
  async realm (name: string, seed?: RealmSeed): Promise<Idp> {
    await this.lab.realms.put(name, seed)
    return new Idp(this.app, this.config, `/realms/${name}`)
  }

  /** An issuer for one test alone. */
  async newRealm (seed?: RealmSeed): Promise<Idp> {
    return this.realm(`test-${randomUUID()}`, seed)
  }

  /** A GET of whoever is no browser. */
  get (path: string, headers: Record<string, string> = {}) {
    return this.app.inject({ url: this.base + path, headers: { host: new URL(this.issuer).host, ...headers } })
  }

  /** The URL of a correct authorization request, with changes; `undefined` leaves a parameter out. */
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
    return `${this.issuer}/auth?${form(parameters)}`
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
    return this.get('/me', { authorization: `Bearer ${accessToken}` })
  }

  /** A code for a user, who signs in for it in a browser of their own. */
  async codeFor (
    username: string,
    client = this.relyingParty,
    changes: Record<string, string | undefined> = {}
  ): Promise<string> {
    const { location } = await new Visitor(this).signIn(username, client, changes)
    return location?.searchParams.get('code') ?? ''
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

/** A browser at the identity provider, which it does not leave; addresses are those of the issuer unless they are whole. */
export class Visitor extends FormBrowser {
  readonly #idp: Idp
  readonly #origin: string

  /** @param cookies those that it shares with another browser */
  constructor (idp: Idp, cookies?: CookieJar) {
    const { origin } = new URL(idp.config.issuer)
    super({ fetch: injectedInto({ [origin]: idp.app }), cookies })
    this.#idp = idp
    this.#origin = origin
  }

  override request (address: string, options?: PageRequest): Promise<Page> {
    return super.request(address.startsWith('/') ? this.#idp.issuer + address : address, options)
  }

  override follow (page: Page, options?: PageRequest, stopAt = (url: string) => new URL(url).origin !== this.#origin): Promise<Page> {
    return super.follow(page, options, stopAt)
  }

  /** Open it in a frame of a page of another site. */
  openInFrame (url: string): Promise<Page> {
    return this.open(url, { inFrame: true })
  }

  post (url: string, fields: Record<string, string>): Promise<Page> {
    return this.open(url, { form: fields })
  }

  /** Go through an authorization request as a user who signs in and agrees to everything. */
  async signIn (
    username: string,
    client = this.#idp.relyingParty,
    changes: Record<string, string | undefined> = {}
  ): Promise<Page> {
    const user = this.#idp.config.users.find(user => user.username === username)!
    let page = await this.open(this.#idp.authorizationRequest(client, changes))
    if (page.$('#password').length > 0) page = await this.submit(page, { username, password: user.password }, 'Sign in')
    if (page.$('button:contains("Allow")').length > 0) page = await this.submit(page, {}, 'Allow')
    return page
  }

  /** Whether the identity provider still knows this browser. */
  async isKnown (): Promise<boolean> {
    const { location } = await this.open(this.#idp.authorizationRequest(this.#idp.relyingParty, { prompt: 'none' }))
    return location?.searchParams.has('code') ?? false
  }
}

/** What a call of the control API was refused with. */
export async function refusalOf (
  call: Promise<unknown>
): Promise<{ status: number, error: string | undefined, description: string | undefined }> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof ControlApiError)) throw error
    return { status: error.status, error: error.body.error, description: error.body.error_description }
  }
  throw new Error('the call was not refused')
}

function form (fields: Record<string, string | undefined>): string {
  return String(new URLSearchParams(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)))
}
