import { Refused } from '../refused.ts'
import type { Claims } from '../id-token.ts'

/**
 * The profile is about the person who has signed in. The ID token is signed and says who that is; the answer of userinfo is not.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
 */
export function comparesUserinfoSub (userinfo: { sub: string }, claims: Claims): void {
  if (userinfo.sub !== claims.sub) {
    throw new Refused('The profile is about somebody else than the ID token.')
  }
}
