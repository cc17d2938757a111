import { Refused } from '../refused.ts'
import type { Transaction } from '../memory.ts'
import type { Claims } from '../id-token.ts'

/**
 * The ID token is the answer to this request, and to no other: the nonce that went out with the request has come back in it.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation step 11
 */
export function comparesNonce (claims: Claims, transaction: Transaction): void {
  if (claims.nonce !== transaction.nonce) {
    throw new Refused('The ID token has another nonce: it was made for another sign-in.')
  }
}
