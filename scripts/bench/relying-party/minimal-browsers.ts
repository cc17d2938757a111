import { Pool, type Dispatcher } from 'undici'
import { CookieJar } from '../shared/cookie-jar.ts'
import type { RelyingPartyServer } from './relying-party-contestants.ts'

/** What `/session` says; where nobody is signed in, there is no user. */
interface SignedIn {
  user?: Record<string, unknown>
}

/** The browsers of one relying party: the same code whatever that is. */
export class Browsers {
  readonly #provider: Pool
  readonly #relyingParty: Pool
  readonly #host: string

  /** @param connections how many are kept open to each of the two */
  constructor (issuer: string, { address, host }: RelyingPartyServer, connections: number) {
    this.#provider = new Pool(issuer, { connections })
    this.#relyingParty = new Pool(address, { connections })
    this.#host = host
  }

  /**
   * Sign in with a new browser: to the relying party, to the provider, and back with a code, until the relying party has
   * set its session's cookies and goes on to a page.
   *
   * @throws {Error} where one of the three answers is not that
   */
  async signIn (): Promise<CookieJar> {
    const cookies = new CookieJar()
    const authorization = await this.#follow(this.#relyingParty, '/login', cookies)
    const callback = await this.#follow(this.#provider, authorization.pathname + authorization.search)
    if (callback.pathname !== '/callback') throw new Error(`the provider did not answer with a code: ${callback}`)
    await this.#follow(this.#relyingParty, callback.pathname + callback.search, cookies)
    return cookies
  }

  /** Who is signed in, in a browser with these cookies. */
  async whoIsSignedIn (cookie: string): Promise<SignedIn> {
    const { body } = await this.#get(this.#relyingParty, '/session', cookie)
    return await body.json() as SignedIn
  }

  /** The same, for its cost alone. */
  async ask (cookie: string): Promise<void> {
    const { statusCode, body } = await this.#get(this.#relyingParty, '/session', cookie)
    const { byteLength } = await body.arrayBuffer()
    if (statusCode !== 200 || byteLength < 100) throw new Error(`an authenticated request was answered with ${statusCode}`)
  }

  async close (): Promise<void> {
    await Promise.all([this.#provider.close(), this.#relyingParty.close()])
  }

  async #follow (pool: Pool, path: string, cookies?: CookieJar): Promise<URL> {
    const { statusCode, headers, body } = await this.#get(pool, path, cookies?.for('/') ?? '')
    const said = await body.text()
    if (typeof headers.location !== 'string') throw new Error(`${path} was answered with ${statusCode}: ${said}`)
    cookies?.keep(headers['set-cookie'])
    return new URL(headers.location, `https://${this.#host}`)
  }

  #get (pool: Pool, path: string, cookie: string): Promise<Dispatcher.ResponseData> {
    const headers = pool === this.#relyingParty ? { host: this.#host, accept: 'application/json', cookie } : {}
    return pool.request({ method: 'GET', path, headers })
  }
}
