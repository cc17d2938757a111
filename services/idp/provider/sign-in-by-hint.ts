import type { Configuration } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'
import { authenticationUnasked } from '../accounts/authentication-levels.ts'
import { demandsOf, isDemanded } from '../accounts/sign-in-demands.ts'
import type { User } from '../accounts/users.ts'

/** The user whom a `login_hint` signs in without a page, for tests that are about what comes after. For the lab alone. */
export function hintedUser (accounts: Accounts, hint: unknown): User | undefined {
  const user = typeof hint === 'string' ? accounts.named(hint) : undefined
  return user?.sign_in_by_hint && !user.disabled ? user : undefined
}

/**
 * Signs in at the authorization endpoint itself, before oidc-provider asks who is there. Where the request asks for a new
 * sign-in, `pages/interaction-routes.ts` does it, without a page too; consent is still asked for. For the lab alone.
 */
export function signInByHint (accounts: Accounts): NonNullable<Configuration['extraParams']> {
  return {
    login_hint (ctx, hint) {
      const { prompts, session } = ctx.oidc
      const user = hintedUser(accounts, hint)
      if (!user || !session || session.accountId || prompts.has('none') || prompts.has('login')) return
      const demands = demandsOf(ctx.oidc.params)
      if (!isDemanded(demands, user.sub)) return
      // A browser that was there before it signed in is known by another cookie afterwards.
      if (!('new' in session)) session.resetIdentifier()
      session.loginAccount({ accountId: user.sub, ...authenticationUnasked(user, demands) })
    }
  }
}
