import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'

/**
 * The grant of this session and client. First-party clients get one without a question, but for users who want to be
 * asked, and never when the request itself demands consent.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/recipes/skip_consent.md
 */
export async function loadGrant (ctx: KoaContextWithOIDC, accounts: Accounts) {
  const { client, session, provider, account, result, requestParamScopes } = ctx.oidc
  if (!client || !session || !account) return undefined

  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
  const grant = grantId ? await provider.Grant.find(grantId) : undefined
  if (!client['first_party'] || accounts.find(account.accountId)?.always_ask_consent) return grant

  const given = grant ?? new provider.Grant({ clientId: client.clientId, accountId: account.accountId })
  const asked = [...requestParamScopes].join(' ')
  const claims = [...ctx.oidc.requestParamClaims]
  if (grant && grant.getOIDCScopeFiltered(requestParamScopes) === asked &&
    grant.getOIDCClaimsFiltered(ctx.oidc.requestParamClaims).length === claims.length) return grant
  given.addOIDCScope(asked)
  given.addOIDCClaims(claims)
  await given.save()
  return given
}
