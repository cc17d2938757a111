import { Refused } from '../refused.ts'
import { isSignedBy } from '../signatures.ts'
import type { SignedToken } from '../signatures.ts'

/**
 * Only the provider can have written this token: its signature fits the key that the provider publishes.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation step 6
 */
export async function verifiesSignature (token: SignedToken): Promise<void> {
  if (!await isSignedBy(token)) {
    throw new Refused(token.key
      ? 'The signature is not the provider’s: it does not fit the key that the token names.'
      : 'The signature cannot be checked: the token names a key that is not among those of the provider that the shop knows.')
  }
}
