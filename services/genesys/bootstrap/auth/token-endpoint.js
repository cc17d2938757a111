import { requestJson, RestError } from '../platform/rest-api.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */
/** @import { AuthPayload } from './auth-provider.js' */

/** @typedef {{ jwt: string, refreshToken?: string | undefined }} Tokens */

/** Where the brand's code becomes tokens of the messaging service, and where these are renewed and revoked. */
export class TokenEndpoint {
  #url
  #deploymentId

  /** @param {PluginContext} context */
  constructor ({ config, deploymentId }) {
    this.#url = `${config.apiEndpoint}/api/v2/webdeployments/token`
    this.#deploymentId = deploymentId
  }

  /** @param {AuthPayload} payload */
  exchange ({ authCode, ...parameters }) {
    return this.#post('oauthcodegrantjwtexchange', { oauth: { ...parameters, code: authCode } })
  }

  /** @param {string} refreshToken */
  async refresh (refreshToken) {
    const { jwt } = await this.#post('refresh', { refreshToken })
    return jwt
  }

  /**
   * Goes on when the page is left, since no other tab does it.
   * @param {string} jwt
   * @param {string | undefined} refreshToken
   */
  async revoke (jwt, refreshToken) {
    const url = `${this.#url}/revoke`
    try {
      return await requestJson('DELETE', url, { jwt, keepalive: true })
    } catch (error) {
      // An expired JWT cannot revoke the refresh token that outlives it.
      if (!(error instanceof RestError) || error.status !== 401 || !refreshToken) throw error
      return await requestJson('DELETE', url, { jwt: await this.refresh(refreshToken), keepalive: true })
    }
  }

  /**
   * @param {string} path
   * @param {Record<string, unknown>} body
   */
  async #post (path, body) {
    const { data } = await requestJson('POST', `${this.#url}/${path}`, { body: { deploymentId: this.#deploymentId, ...body } })
    const tokens = /** @type {Tokens | undefined} */ (data)
    if (!tokens?.jwt) throw new RestError(0, 'The answer carries no token', undefined)
    return tokens
  }
}
