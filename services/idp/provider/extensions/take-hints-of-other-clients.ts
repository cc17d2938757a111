import { decodeJwt, errors } from 'jose'
import { Provider } from 'oidc-provider'

/**
 * Have a request say whom it is about by an ID token that was issued to another client, as an application does that asks for the
 * Messenger's code by its own. oidc-provider wants it to be for the client that asks, of which Core says nothing. All else is
 * checked: issuer, signature, algorithm. Signing out is another matter: there it says which client asks.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export function takeHintsOfOtherClients ({ IdToken, Client }: Provider): void {
  const validate = IdToken.validate.bind(IdToken)
  IdToken.validate = async (hint, client) => {
    const isSignOut = Provider.ctx?.oidc.route === 'end_session'
    return validate(hint, isSignOut ? client : await Client.find(audienceOf(hint)) ?? client)
  }
}

function audienceOf (hint: string): string {
  try {
    return String(decodeJwt(hint).aud)
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return ''
    throw error
  }
}
