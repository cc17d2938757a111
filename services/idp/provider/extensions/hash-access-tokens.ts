import type { Provider } from 'oidc-provider'

/**
 * `at_hash` in every ID token that comes with an access token. oidc-provider leaves it out at the token endpoint, where it
 * is optional; with it a client can see that somebody has put in another access token.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken
 */
export function hashAccessTokens (provider: Provider): void {
  const { issue } = provider.IdToken.prototype
  provider.IdToken.prototype.issue = function (context) {
    // Of an opaque access token the `jti` is its value. oidc-provider itself hashes what is set here, as `alg` asks.
    const accessToken = this.ctx?.oidc.entities.AccessToken
    if (context.use === 'idtoken' && accessToken?.jti) this.set('at_hash', accessToken.jti)
    return issue.call(this, context)
  }
}
