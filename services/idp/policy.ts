import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { demandsOf, isDemanded } from './demands.ts'

const { Check } = interactionPolicy

/**
 * oidc-provider's policy on what a person is asked before there is a code, with what it overlooks: after a sign-in page
 * it has forgotten `id_token_hint`, and of what `claims` demand it knows `value` alone.
 */
export function strictPolicy (): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  const { checks } = policy.get('login')!
  for (const replaced of ['id_token_hint', 'claims_id_token_sub_value', 'essential_acrs', 'essential_acr']) checks.remove(replaced)

  checks.add(new Check('somebody_else', 'the request is about somebody else than is signed in', 'login_required', ({ oidc }) =>
    !isDemanded(demandsOf(oidc.params), oidc.session?.accountId ?? '')))

  checks.add(new Check('acr', 'the level of authentication that is asked for cannot be reached', 'unmet_authentication_requirements',
    ({ oidc }) => isSignedIn(oidc) && demandsOf(oidc.params).isAcrEssential))
  return policy
}

const isSignedIn = ({ session }: KoaContextWithOIDC['oidc']) => session?.accountId !== undefined
