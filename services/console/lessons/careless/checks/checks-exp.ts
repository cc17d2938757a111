import { Refused } from '../refused.ts'
import type { Claims } from '../id-token.ts'

/**
 * The token is still good. A signature does not grow old: what lies in a log from last week is as well signed as on its first day.
 *
 * @param nowSeconds by the clock, since 1970
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation step 9
 */
export function checksExp (claims: Claims, nowSeconds: number): void {
  if (!(claims.exp > nowSeconds)) {
    throw new Refused(`The token has expired ${nowSeconds - claims.exp} seconds ago.`)
  }
}
