import { Refused } from '../refused.ts'
import { isSignedBy, type SignedToken } from '../signatures.ts'

const backChannelLogout = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Only the provider ends sessions. The address is known to anybody, so the token has to show who sends it, for whom it is, that it is
 * about a sign-out, that it is fresh, and that it was not used before.
 *
 * @param usedBefore the `jti` of those that were taken
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export async function checksLogoutToken (token: SignedToken, { issuer, clientId, nowSeconds, usedBefore }: { issuer: string, clientId: string, nowSeconds: number, usedBefore: string[] }): Promise<void> {
  const { iss, aud, exp, events, nonce, jti } = token.claims
  if (token.alg !== 'RS256' || !await isSignedBy(token)) throw new Refused('The logout token is not signed by the provider.')
  if (iss !== issuer || ![aud].flat().includes(clientId)) throw new Refused('The logout token is of another provider, or for another application.')
  if (!events?.[backChannelLogout] || nonce !== undefined) throw new Refused('This is not a logout token.')
  if (!(exp > nowSeconds)) throw new Refused('The logout token has expired.')
  if (!jti || usedBefore.includes(jti)) throw new Refused('The logout token was used before.')
}
