import type { Provider } from 'oidc-provider'

/**
 * `sid` in every ID token, not only for clients that registered a logout URI for it.
 *
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#OPLogout
 */
export function includeSid ({ Client }: Provider): void {
  Object.defineProperty(Client.prototype, 'includeSid', { value: () => true })
}
