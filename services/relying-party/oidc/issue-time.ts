import type { IDToken } from 'openid-client'
import type { ProviderConfig } from '../config.ts'
import { Refusal } from '../refusal.ts'

/**
 * openid-client does not look at when an ID token was issued. Where the provider is ahead of us by more than we tolerate, what
 * it says of sign-outs is refused, so nobody is signed in either.
 *
 * @throws {Refusal} `invalid_id_token`
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, step 10
 */
export function checkIssueTime ({ iat }: IDToken, { clockTolerance }: Pick<ProviderConfig, 'clockTolerance'>): void {
  if (iat - Date.now() / 1000 <= clockTolerance) return
  throw new Refusal('invalid_id_token', {
    description: 'the ID token is from the future (iat): the clocks of the identity provider and of this application are more ' +
      `than ${clockTolerance} s apart (OIDC_CLOCK_TOLERANCE)`
  })
}
