import { Refused } from '../refused.ts'
import type { Claims } from '../id-token.ts'

/**
 * The token was made for this site. The provider makes tokens for every application it knows, and each of them can show what it got.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation step 3
 */
export function comparesAud (claims: Claims, clientId: string): void {
  if (![claims.aud].flat().includes(clientId)) {
    throw new Refused(`The token was made for “${[claims.aud].flat().join(', ')}”, another application.`)
  }
}
