import type { Provider, RefreshToken } from 'oidc-provider'
import type { Realm } from '../realm.ts'
import { permitSingleUse } from './single-use.ts'

/**
 * Lets pass a refresh token that was used before, or issued to another client. One that has expired or was revoked stays
 * refused.
 */
export function permitRefreshTokens (provider: Provider, realm: Realm): void {
  permitSingleUse<RefreshToken>(provider, realm, 'RefreshToken', {
    usedBefore: 'refresh-token-reused',
    ofAnotherClient: 'refresh-token-of-another-client'
  })
}
