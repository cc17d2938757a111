import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Accounts } from '../../accounts/accounts.ts'
import { acrFor } from '../../accounts/authentication-levels.ts'
import { demandsOf } from '../../accounts/sign-in-demands.ts'

/**
 * Have tokens name that level, of those that the person has reached, which the request prefers. The session remembers one
 * alone, that of the sign-in.
 */
export function tellLevels ({ OIDCContext }: Provider, accounts: Accounts): void {
  Object.defineProperty(OIDCContext.prototype, 'acr', {
    get (this: KoaContextWithOIDC['oidc']) {
      const user = accounts.find(this.session?.accountId ?? '')
      return user && this.session ? acrFor(user, this.session, demandsOf(this.params)) : this.session?.acr
    }
  })
}
