import { fetch } from '../../services/lib/outbound/outbound.ts'
import { connect, type GuestSocket } from './guest-socket.ts'

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

/** What the Messenger's script asks of Genesys, in a page of one origin and with one deployment. */
export class MessengerApi {
  readonly #url: string
  readonly #origin: string
  readonly #deploymentId: string

  /**
   * @param options.url of Genesys
   * @param options.origin of the page
   */
  constructor ({ url, origin, deploymentId }: { url: string, origin: string, deploymentId: string }) {
    this.#url = url
    this.#origin = origin
    this.#deploymentId = deploymentId
  }

  /** The body of an exchange, with parts of it replaced or, as undefined, left out. */
  exchangeBody ({ authCode, ...rest }: Handover, others: object = {}) {
    return { deploymentId: this.#deploymentId, oauth: { code: authCode, ...rest, ...others } }
  }

  exchange (body: unknown): Promise<Answer<{ jwt: string, refreshToken: string } & ErrorBody>> {
    return this.#post(`${api}/oauthcodegrantjwtexchange`, body)
  }

  /**
   * Have a code redeemed.
   *
   * @throws {Error} with what was answered
   */
  async redeem (handover: Handover): Promise<{ jwt: string, refreshToken: string }> {
    const { status, body } = await this.exchange(this.exchangeBody(handover))
    if (status !== 200) throw new Error(`the exchange was answered with ${status}: ${JSON.stringify(body)}`)
    return body
  }

  refresh (refreshToken: string): Promise<Answer<{ jwt: string } & ErrorBody>> {
    return this.#post(`${api}/refresh`, { refreshToken, deploymentId: this.#deploymentId })
  }

  async revoke (jwt: string): Promise<number> {
    const { status } = await fetch(`${this.#url}${api}/revoke`, { method: 'DELETE', headers: { authorization: `bearer ${jwt}` } })
    return status
  }

  /** Open a guest WebSocket as the page does. */
  connect (token?: string): Promise<GuestSocket> {
    return connect(this.#url, { deploymentId: this.#deploymentId, origin: this.#origin, ...(token && { token }) })
  }

  /** `configureAuthenticatedSession` on a guest's socket. */
  configure (guest: GuestSocket, jwt: string | undefined) {
    return guest.request('configureAuthenticatedSession', {
      deploymentId: this.#deploymentId, startNew: false, ...(jwt !== undefined && { data: { code: jwt } })
    })
  }

  /** `configureSession` on a guest's socket: without a name. */
  configureAnonymously (guest: GuestSocket) {
    return guest.request('configureSession', { deploymentId: this.#deploymentId, startNew: false })
  }

  async #post<T> (path: string, body: unknown): Promise<Answer<T>> {
    const response = await fetch(this.#url + path, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
    })
    return { status: response.status, body: await response.json() as T }
  }
}
