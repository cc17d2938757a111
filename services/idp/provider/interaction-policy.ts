import { interactionPolicy } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'
import { canReach, isBelow, needsSecondFactor } from '../accounts/authentication-levels.ts'
import { demandsOf, isDemanded } from '../accounts/sign-in-demands.ts'

const { Check, Prompt } = interactionPolicy

/** What `prompt` may say. */
export const promptValues = ['none', 'login', 'consent', 'select_account']

/** What a client is told of an essential level that the person cannot reach. */
export const unreachable = {
  error: 'unmet_authentication_requirements',
  error_description: 'the person cannot sign in at the level that the request demands'
}

/** What a client is told where the request is about one person and another is there. */
export const somebodyElse = {
  error: 'login_required',
  error_description: 'somebody else has signed in than the request is about'
}

/** Why somebody who is signed in is asked for the second factor. */
export const secondFactorNeeded = 'second_factor'

/**
 * oidc-provider's policy on what a person is asked before there is a code, with what it overlooks: after a sign-in page
 * it has forgotten `id_token_hint`, and it knows neither several `sub`s nor who can reach which level, nor that people are
 * removed in the middle of a sign-in.
 */
export function strictPolicy (accounts: Accounts): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0)
  const { checks } = policy.get('login')!
  for (const replaced of ['id_token_hint', 'claims_id_token_sub_value', 'essential_acrs', 'essential_acr']) checks.remove(replaced)

  checks.add(new Check('nobody_any_more', 'whoever signed in is not known any more', 'login_required', ({ oidc: { session } }) =>
    session?.accountId !== undefined && accounts.find(session.accountId) === undefined))

  checks.add(new Check('somebody_else', somebodyElse.error_description, somebodyElse.error, ({ oidc }) =>
    !isDemanded(demandsOf(oidc.params), oidc.session?.accountId ?? '')))

  checks.add(new Check('acr', unreachable.error_description, unreachable.error, ({ oidc: { params, session } }) => {
    const user = accounts.find(session?.accountId ?? '')
    const demands = demandsOf(params)
    return user !== undefined && isBelow(user, session!, demands) && !canReach(user, demands)
  }))

  // What is not essential is not worth an error, where nobody may be asked.
  // https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
  checks.add(new Check(secondFactorNeeded, 'a second factor is needed', 'login_required', ({ oidc: { params, prompts, session } }) => {
    const user = accounts.find(session?.accountId ?? '')
    const demands = demandsOf(params)
    const mayBeAsked = !prompts.has('none') || user?.second_factor?.always || (user && isBelow(user, session!, demands))
    return user !== undefined && mayBeAsked === true && needsSecondFactor(user, session!, demands)
  }))
  return policy
}
