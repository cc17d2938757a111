import type { Provider, RefreshToken } from 'oidc-provider'
import { permitSingleUse, type SingleUseParts } from './permit-single-use.ts'

/**
 * Lets pass a refresh token that was used before, or issued to another client. One that has expired or was revoked stays
 * refused.
 */
export function permitRefreshTokens (provider: Provider, parts: SingleUseParts): void {
  permitSingleUse<RefreshToken>(provider, parts, 'RefreshToken', {
    usedBefore: 'refresh-token-reused',
    ofAnotherClient: 'refresh-token-of-another-client'
  })
}
