import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { Pool, type Dispatcher } from 'undici'
import { lookup } from '#lib/outbound/loopback-names.ts'
import { CookieJar } from '../shared/cookie-jar.ts'

/** A client as every server of the benchmark knows it. */
export interface BenchClient {
  clientId: string
  clientSecret: string
  redirectUri: string
  scope: string
}

/** Who signs in, and how. */
export interface Person {
  username: string
  password: string
  /** sent as `login_hint`, for a server that then shows no page */
  hint: boolean
}

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata */
type Metadata = Record<'authorization_endpoint' | 'token_endpoint' | 'jwks_uri', string>

const maxRequests = 12

/** A relying party with a browser before it: the same code whatever server is at the other end. */
export class BenchRelyingParty {
  readonly #issuer: string
  readonly #client: BenchClient
  readonly #pool: Pool
  readonly #metadata: Metadata
  #requests = 0
  #signIns = 0

  private constructor (issuer: string, client: BenchClient, pool: Pool, metadata: Metadata) {
    this.#issuer = issuer
    this.#client = client
    this.#pool = pool
    this.#metadata = metadata
  }

  /** @param connections how many connections to the server are kept open */
  static async discover (issuer: string, client: BenchClient, connections: number): Promise<BenchRelyingParty> {
    const pool = new Pool(issuer, { connections, connect: { lookup } })
    const { body } = await pool.request({ method: 'GET', path: '/.well-known/openid-configuration' })
    return new BenchRelyingParty(issuer, client, pool, await body.json() as Metadata)
  }

  /**
   * Sign a person in with a browser and redeem the code.
   *
   * @returns the ID token, its nonce, issuer and audience checked
   * @throws {Error} where anything else comes of it
   */
  async signIn (person: Person, cookies = new CookieJar()): Promise<string> {
    const verifier = randomBytes(32).toString('base64url')
    const state = randomBytes(16).toString('base64url')
    const nonce = randomBytes(16).toString('base64url')
    const challenge = challengeOf(verifier)
    const hint = person.hint && { login_hint: person.username }
    const answer = await this.#authorize({ state, nonce, code_challenge: challenge, ...hint }, person, cookies)
    const code = answer.get('code')
    if (code === null || answer.get('state') !== state) throw new Error(`no code for this state: ${answer}`)
    const { id_token: idToken } = await this.#redeem(code, verifier)
    this.#signIns++
    const { iss, aud, nonce: returned } = decodeJwt(String(idToken))
    if (iss !== this.#issuer || aud !== this.#client.clientId || returned !== nonce) throw new Error(`not our ID token: ${idToken}`)
    return String(idToken)
  }

  /** Of browser and relying party together. */
  get requestsPerSignIn (): number {
    return this.#requests / this.#signIns
  }

  /** Whether a browser gets a code without anybody being asked. */
  async isSignedIn (cookies: CookieJar): Promise<boolean> {
    const parameters = { state: 'state', nonce: 'nonce', code_challenge: challengeOf('nobody redeems this code'), prompt: 'none' }
    const answer = await this.#authorize(parameters, undefined, cookies)
    return answer.has('code')
  }

  /** @throws {Error} where a signature is not that of a published key */
  async verify (idTokens: readonly string[]) {
    const { body } = await this.#pool.request({ method: 'GET', path: new URL(this.#metadata.jwks_uri).pathname })
    const keys = createLocalJWKSet(await body.json() as JSONWebKeySet)
    for (const idToken of idTokens) await jwtVerify(idToken, keys, { algorithms: ['RS256'] })
  }

  close (): Promise<void> {
    return this.#pool.close()
  }

  async #authorize (parameters: Record<string, string>, person: Person | undefined, cookies: CookieJar): Promise<URLSearchParams> {
    const { clientId, redirectUri, scope } = this.#client
    const request = { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, scope, code_challenge_method: 'S256', ...parameters }
    let url = new URL(`${this.#metadata.authorization_endpoint}?${new URLSearchParams(request)}`)
    let response = await this.#browse(url, cookies)
    for (let requests = 1; requests < maxRequests; requests++) {
      const { location } = response.headers
      if (typeof location === 'string') {
        await response.body.dump()
        if (location.startsWith(redirectUri)) return new URL(location).searchParams
        url = new URL(location, url)
        response = await this.#browse(url, cookies)
      } else {
        url = new URL(actionOfSignInForm(await response.body.text()), url)
        response = await this.#browse(url, cookies, new URLSearchParams({ username: person?.username ?? '', password: person?.password ?? '' }))
      }
    }
    throw new Error(`no answer after ${maxRequests} requests, the last for ${url}`)
  }

  async #browse (url: URL, cookies: CookieJar, form?: URLSearchParams): Promise<Dispatcher.ResponseData> {
    this.#requests++
    const response = await this.#pool.request({
      method: form ? 'POST' : 'GET',
      path: url.pathname + url.search,
      headers: {
        accept: 'text/html',
        cookie: cookies.for(url.pathname),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded', origin: url.origin })
      },
      body: form?.toString() ?? null
    })
    cookies.keep(response.headers['set-cookie'])
    return response
  }

  async #redeem (code: string, verifier: string): Promise<{ id_token?: unknown }> {
    this.#requests++
    const { clientId, clientSecret, redirectUri } = this.#client
    const { body } = await this.#pool.request({
      method: 'POST',
      path: new URL(this.#metadata.token_endpoint).pathname,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
      },
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }).toString()
    })
    return await body.json() as { id_token?: unknown }
  }
}

/** https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

/** Found by its password field; to parse the page would take the client longer than all else that it does. */
function actionOfSignInForm (page: string): string {
  const form = page.match(/<form\b[^>]*\baction="([^"]+)"(?:(?!<\/form>).)*type="password"/s)
  if (!form) throw new Error(`neither a redirect nor a sign-in form: ${page}`)
  return form[1]!
}
