import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'
import { claimsOf } from '../accounts/user-claims.ts'
import type { RealmSettings } from '../state/realm-settings.ts'
import { defaultUser } from './default-user.ts'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'

const { Check, Prompt } = interactionPolicy

interface SilentSignInParts {
  permissive: PermissiveClients
  accounts: Accounts
  settings: RealmSettings
  /** how long a browser stays signed in */
  sessionSeconds: number
}

/**
 * Before a policy on what a person is asked comes to anything, sign somebody in for a permissive client that asks with
 * `prompt=none` where nobody is.
 */
export function permitSilentSignIn (policy: interactionPolicy.DefaultPolicy, parts: SilentSignInParts): void {
  const signIn = new Check('nobody_signed_in', 'there is nobody to sign in', async ctx => {
    const { client, prompts, session } = ctx.oidc
    const nobodyToAsk = prompts.has('none') && !session?.accountId
    if (nobodyToAsk && parts.permissive.lets('prompt-none-without-session', client?.clientId)) await signInSilently(ctx, parts)
    return Check.NO_NEED_TO_PROMPT
  })
  policy.add(new Prompt({ name: 'silent_sign_in' }, signIn), 0)
}

/**
 * In a session of its own, which no browser has: with one in the browser, strict clients would find somebody signed in who
 * never was.
 */
async function signInSilently (ctx: KoaContextWithOIDC, { accounts, settings, sessionSeconds }: SilentSignInParts): Promise<void> {
  const { client, params, provider, requestParamClaims, requestParamOIDCScopes } = ctx.oidc
  const hint = params?.['login_hint']
  const hinted = typeof hint === 'string' ? accounts.named(hint) : undefined
  const user = hinted?.disabled ? undefined : hinted ?? defaultUser(accounts)
  if (!user || !client) return
  noteViolation('prompt-none-without-session', `nobody is signed in in this browser; there is a code for ${user.username}`)

  const grant = new provider.Grant({ clientId: client.clientId, accountId: user.sub })
  grant.addOIDCScope([...requestParamOIDCScopes].join(' '))
  grant.addOIDCClaims([...requestParamClaims])
  await grant.save()

  const session = new provider.Session()
  session.loginAccount({ accountId: user.sub })
  session.ensureClientContainer(client.clientId)
  session.grantIdFor(client.clientId, grant.jti)
  await session.save(sessionSeconds)

  Object.assign(ctx.oidc, { session })
  ctx.oidc.entity('Session', session)
  ctx.oidc.entity('Account', { accountId: user.sub, claims: async (use: string) => claimsOf(user, use, ctx, { settings }) })
  ctx.oidc.entity('Grant', grant)
}
