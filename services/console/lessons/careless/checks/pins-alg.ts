import { Refused } from '../refused.ts'

/**
 * The site decides how a signature is checked. The header is a part of the token: whoever makes a token up makes that up as well.
 *
 * @returns the algorithm to check with
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation step 7
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
 */
export function pinsAlg (algOfToken: string): string {
  if (algOfToken !== 'RS256') {
    throw new Refused(`The token says that it is signed by “${algOfToken}”. This provider signs with RS256.`)
  }
  return 'RS256'
}
