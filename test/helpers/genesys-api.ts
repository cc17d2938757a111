import { fetch } from '#lib/outbound/outbound.ts'
import type { Exchange } from '../../services/genesys/auth/exchange-log.ts'
import type { Browser } from './browser.ts'
import { connect, type Guest } from './guest.ts'
import type { Lab } from './lab.ts'

/** What the page hands to the Messenger. */
export interface Handover {
  authCode: string
  redirectUri: string
  nonce: string
  codeVerifier: string
  iss: string
}

/** An answer of Genesys' REST API. */
export interface Answer<T = Record<string, unknown>> {
  status: number
  body: T
}

/** What of the platform's error body is there when something was refused. */
interface ErrorBody {
  contextId?: string
}

const api = '/api/v2/webdeployments/token'

/** Genesys' REST API, as the Messenger's script calls it. */
export class GenesysApi {
  readonly #lab: Lab

  constructor (lab: Lab) {
    this.#lab = lab
  }

  /** The body of an exchange, with parts of it replaced or, as undefined, left out. */
  exchangeBody ({ authCode, ...rest }: Handover, others: object = {}) {
    return { deploymentId: this.#lab.settings['GENESYS_DEPLOYMENT_ID'], oauth: { code: authCode, ...rest, ...others } }
  }

  exchange (body: unknown): Promise<Answer<{ jwt: string, refreshToken: string } & ErrorBody>> {
    return this.#post(`${api}/oauthcodegrantjwtexchange`, body)
  }

  refresh (refreshToken: string): Promise<Answer<{ jwt: string } & ErrorBody>> {
    return this.#post(`${api}/refresh`, { refreshToken, deploymentId: this.#lab.settings['GENESYS_DEPLOYMENT_ID'] })
  }

  async revoke (jwt: string): Promise<number> {
    const { status } = await fetch(`${this.#lab.genesys}${api}/revoke`, { method: 'DELETE', headers: { authorization: `bearer ${jwt}` } })
    return status
  }

  /** What `/lab/exchanges` says about the request whose error body had this contextId. */
  async explain (contextId: unknown): Promise<Exchange | undefined> {
    const response = await fetch(`${this.#lab.genesys}/lab/exchanges`)
    return (await response.json() as Exchange[]).find(exchange => exchange.contextId === contextId)
  }

  /** Sign in with a browser's session: the tokens that the Messenger would have. */
  async signIn (browser: Browser): Promise<{ jwt: string, refreshToken: string }> {
    const page = await browser.authCode()
    if (page.status !== 200) throw new Error(`the application has no code for the Messenger: ${page.status} ${page.text}`)
    const { status, body } = await this.exchange(this.exchangeBody(page.json() as Handover))
    if (status !== 200) throw new Error(`the exchange was answered with ${status}: ${JSON.stringify(body)}`)
    return body
  }

  /** Open a guest WebSocket as the page does. */
  connect (token?: string): Promise<Guest> {
    return connect(this.#lab.genesys, {
      deploymentId: this.#lab.settings['GENESYS_DEPLOYMENT_ID']!, origin: this.#lab.app, ...(token && { token })
    })
  }

  /** `configureAuthenticatedSession` on a guest's socket. */
  configure (guest: Guest, jwt: string | undefined) {
    return guest.request('configureAuthenticatedSession', {
      deploymentId: this.#lab.settings['GENESYS_DEPLOYMENT_ID'], startNew: false, ...(jwt !== undefined && { data: { code: jwt } })
    })
  }

  async #post<T> (path: string, body: unknown): Promise<Answer<T>> {
    const response = await fetch(this.#lab.genesys + path, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
    })
    return { status: response.status, body: await response.json() as T }
  }
}
