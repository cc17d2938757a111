import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { claimsOf } from '../claims.ts'
import { strictPolicy } from '../policy.ts'
import type { Realm } from '../realm.ts'
import type { User } from '../users.ts'
import { isPermissive, note } from './permissive-client.ts'

const { Check, Prompt } = interactionPolicy

/**
 * The policy on what a person is asked before there is a code; before it, somebody is signed in for a permissive client
 * that asks with `prompt=none` where nobody is.
 *
 * @param sessionLifetime in seconds
 */
export function policyOf (realm: Realm, sessionLifetime: number): interactionPolicy.DefaultPolicy {
  const policy = strictPolicy(realm.accounts)
  const signIn = new Check('nobody_signed_in', 'there is nobody to sign in', async ctx => {
    const { client, prompts, session } = ctx.oidc
    const nobodyToAsk = prompts.has('none') && !session?.accountId
    if (nobodyToAsk && isPermissive(realm, client?.clientId)) await signInSilently(ctx, realm, sessionLifetime)
    return Check.NO_NEED_TO_PROMPT
  })
  policy.add(new Prompt({ name: 'silent_sign_in' }, signIn), 0)
  return policy
}

/** The user whom a mock that asks nobody would sign in. */
export const defaultUser = ({ accounts }: Realm): User | undefined => accounts.all.find(user => !user.disabled)

/**
 * In a session of its own, which no browser has: with one in the browser, strict clients would find somebody signed in who
 * never was.
 */
async function signInSilently (ctx: KoaContextWithOIDC, realm: Realm, sessionLifetime: number): Promise<void> {
  const { client, params, provider, requestParamClaims, requestParamOIDCScopes } = ctx.oidc
  const hint = params?.['login_hint']
  const hinted = typeof hint === 'string' ? realm.accounts.named(hint) : undefined
  const user = hinted?.disabled ? undefined : hinted ?? defaultUser(realm)
  if (!user || !client) return
  note('prompt-none-without-session', `nobody is signed in in this browser; there is a code for ${user.username}`)

  const grant = new provider.Grant({ clientId: client.clientId, accountId: user.sub })
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  grant.addOIDCClaims([...requestParamClaims])
  await grant.save()

  const session = new provider.Session()
  session.loginAccount({ accountId: user.sub })
  session.ensureClientContainer(client.clientId)
  session.grantIdFor(client.clientId, grant.jti)
  await session.save(sessionLifetime)

  Object.assign(ctx.oidc, { session })
  ctx.oidc.entity('Session', session)
  ctx.oidc.entity('Account', { accountId: user.sub, claims: async (use: string) => claimsOf(user, use, ctx) })
  ctx.oidc.entity('Grant', grant)
}
