import { createHash, randomBytes } from 'node:crypto'
import { createRemoteJWKSet, customFetch, jwtVerify, type JWTVerifyResult } from 'jose'
import type { AuthorizationServer } from 'oauth4webapi'
import { fetch } from '#lib/outbound/outbound.ts'
import { objectIn } from '../../report/answer-text.ts'
import { Browser, type Page } from './form-browser.ts'

/** Who asks: a client that the provider knows, and a user who can sign in there. */
export interface Identity {
  clientId: string
  /** none for a public client */
  clientSecret: string | undefined
  redirectUri: string
  username: string | undefined
  password: string | undefined
  /** another user, for one of the probes */
  secondUser: UserCredentials | undefined
  /** another client, whose redirect URI is not needed */
  second: ClientCredentials | undefined
}

type UserCredentials = Pick<Identity, 'username' | 'password'>

type ClientCredentials = Pick<Identity, 'clientId' | 'clientSecret'>

/** Parameters of a request: a value in place of the right one, several to send it as often, `undefined` to leave it out. */
export type Changes = Record<string, string | string[] | undefined>

/** How an authorization request ended: at the client, or on a page of the provider. */
export interface AuthorizationResponse {
  redirect: { url: URL, parameters: URLSearchParams } | undefined
  page: Page
}

/** A code, and what its client has to remember of the request. */
export interface IssuedCode {
  code: string
  codeVerifier: string
  nonce: string
}

export interface TokenResponse {
  status: number
  headers: Headers
  /** nothing where the answer is no JSON object */
  body: Record<string, unknown> | undefined
}

export type UserinfoResponse = Omit<TokenResponse, 'body'>

/** Where no client has its address: a provider that sends somebody there has not looked. */
export const unregisteredUri = 'https://unregistered.example/callback'

/**
 * A client of a provider, and its user: sends requests that can be changed into wrong ones. Libraries for clients
 * refuse to send those, so they are put together here.
 */
export class ProbingClient {
  readonly metadata: AuthorizationServer
  readonly identity: Identity
  /** in which the user is signed in, from the first authorization on */
  readonly browser: Browser

  constructor (metadata: AuthorizationServer, identity: Identity) {
    this.metadata = metadata
    this.identity = identity
    this.browser = this.newBrowser()
  }

  /** A browser in which nobody is signed in. */
  newBrowser (user: UserCredentials = this.identity): Browser {
    const addresses = [new URL(this.identity.redirectUri).href, unregisteredUri]
    return new Browser(user, url => addresses.some(address => url.href.startsWith(address)))
  }

  /** A right authorization request, with changes: its URL, and what is to be remembered of it. */
  authorizationRequest (changes: Changes = {}) {
    const [state, nonce, codeVerifier] = [random(), random(), random()]
    const url = new URL(this.metadata.authorization_endpoint ?? '')
    const parameters = {
      client_id: this.identity.clientId,
      redirect_uri: this.identity.redirectUri,
      response_type: 'code',
      scope: 'openid',
      state,
      nonce,
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...changes
    }
    for (const [name, value] of pairs(parameters)) url.searchParams.append(name, value)
    return { url: url.href, state, nonce, codeVerifier }
  }

  /** Go through an authorization request. */
  async authorize (url: string, browser = this.browser): Promise<AuthorizationResponse> {
    const { left, page } = await browser.open(url)
    if (!left) return { redirect: undefined, page }
    // Errors of the implicit flow come in the fragment.
    const parameters = new URLSearchParams([...left.searchParams, ...new URLSearchParams(left.hash.slice(1))])
    return { redirect: { url: left, parameters }, page }
  }

  /** What a script of an origin gets for a right authorization request, and which scripts may read it. */
  async askFromScript (origin: string): Promise<{ status: number, allowed: string | null }> {
    const { url } = this.authorizationRequest()
    const response = await fetch(url, { redirect: 'manual', headers: { origin, accept: 'text/html' } })
    await response.text()
    return { status: response.status, allowed: response.headers.get('access-control-allow-origin') }
  }

  /**
   * A fresh code for the user.
   *
   * @throws {Error} where the provider refuses a right request
   */
  async issueCode (changes: Changes = {}, browser = this.browser): Promise<IssuedCode> {
    const { url, nonce, codeVerifier } = this.authorizationRequest(changes)
    const { redirect, page } = await this.authorize(url, browser)
    const code = redirect?.parameters.get('code')
    if (code) return { code, codeVerifier, nonce }
    if (!redirect) throw new Error(`a right authorization request ended on a page, status ${page.status}: ${page.url}`)
    const why = ['error', 'error_description'].map(name => redirect.parameters.get(name)).filter(Boolean).join(', ')
    throw new Error(`a right authorization request ended with ${why || 'neither code nor error'}`)
  }

  /** Redeem a code as its client does, with changes. */
  async redeem ({ code, codeVerifier }: IssuedCode, changes: Changes = {}, client = this.identity): Promise<TokenResponse> {
    return this.requestTokens({
      grant_type: 'authorization_code', code, redirect_uri: this.identity.redirectUri, code_verifier: codeVerifier, ...changes
    }, client)
  }

  /**
   * What a user who signs in brings.
   *
   * @throws {Error} where the provider refuses a right request
   */
  async issueTokens (changes: Changes = {}, browser = this.browser) {
    const issued = await this.issueCode(changes, browser)
    const response = await this.redeem(issued)
    const { access_token: accessToken, id_token: idToken, scope } = response.body ?? {}
    if (typeof accessToken !== 'string' || typeof idToken !== 'string') {
      const why = errorOf(response.body) || 'and not both tokens'
      throw new Error(`a right token request was answered with ${response.status} ${why}`)
    }
    return { issued, response, accessToken, idToken, scope: typeof scope === 'string' ? scope : undefined }
  }

  /** A request at the token endpoint, by a client that authenticates, if it has a secret. */
  async requestTokens (parameters: Changes, client: ClientCredentials = this.identity, method = 'POST'): Promise<TokenResponse> {
    const url = new URL(this.metadata.token_endpoint ?? '')
    const { form, headers } = this.#authenticate(client)
    const sent = new URLSearchParams(pairs({ ...parameters, ...form }))
    if (method === 'GET') url.search = String(sent)
    const response = await fetch(url.href, {
      method, redirect: 'manual', headers: { accept: 'application/json', ...headers }, ...(method === 'POST' && { body: sent })
    })
    return { status: response.status, headers: new Headers([...response.headers]), body: objectIn(await response.text()) }
  }

  /** How the client authenticates, which decides how the provider has to answer when that fails. */
  get authenticatesByHeader (): boolean {
    const methods = this.metadata.token_endpoint_auth_methods_supported
    return !methods?.includes('client_secret_post') || methods.includes('client_secret_basic')
  }

  #authenticate ({ clientId, clientSecret }: ClientCredentials): { form: Changes, headers: Record<string, string> } {
    if (clientSecret === undefined) return { form: { client_id: clientId }, headers: {} }
    if (!this.authenticatesByHeader) return { form: { client_id: clientId, client_secret: clientSecret }, headers: {} }
    // https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 has both form-encoded first
    const [id, secret] = [clientId, clientSecret].map(value => String(new URLSearchParams({ value })).slice('value='.length))
    return { form: {}, headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` } }
  }

  /** Ask the userinfo endpoint, if there is one. */
  async userinfo (init: { token?: string, query?: Record<string, string> }): Promise<UserinfoResponse | undefined> {
    if (!this.metadata.userinfo_endpoint) return undefined
    const url = new URL(this.metadata.userinfo_endpoint)
    for (const [name, value] of Object.entries(init.query ?? {})) url.searchParams.set(name, value)
    const response = await fetch(url.href, {
      redirect: 'manual',
      headers: { accept: 'application/json', ...(init.token !== undefined && { authorization: `Bearer ${init.token}` }) }
    })
    await response.text()
    return { status: response.status, headers: new Headers([...response.headers]) }
  }

  /**
   * Verify an ID token with the keys that the provider publishes.
   *
   * @throws {JOSEError} saying what is wrong
   */
  async verifyIdToken (idToken: string): Promise<JWTVerifyResult> {
    const keys = createRemoteJWKSet(new URL(this.metadata.jwks_uri ?? ''), {
      [customFetch]: async (url, { headers, signal }) =>
        await fetch(url, { headers: [...headers], signal }) as unknown as Response
    })
    return jwtVerify(idToken, keys, {
      issuer: this.metadata.issuer, audience: this.identity.clientId, requiredClaims: ['sub', 'exp', 'iat']
    })
  }
}

/** The error code of an OAuth error response, or nothing. */
export function errorOf (body: TokenResponse['body']): string {
  return typeof body?.['error'] === 'string' ? body['error'] : ''
}

/** 256 bits, in letters that PKCE, too, allows. */
const random = (): string => randomBytes(32).toString('base64url')

function pairs (parameters: Changes): [string, string][] {
  return Object.entries(parameters).flatMap(([name, values]) =>
    [values ?? []].flat().map((value): [string, string] => [name, value]))
}
