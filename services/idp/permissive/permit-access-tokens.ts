import { Provider, type AccessToken, type AdapterPayload, type Grant, type KoaContextWithOIDC } from 'oidc-provider'
import type { Store } from '#lib/store/store.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { RuleName } from '../clients/rules.ts'
import { defaultUser } from './default-user.ts'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'

/** So long after its end a token is still let pass. */
const permittedSeconds = 24 * 60 * 60

/** Lets pass an access token at the userinfo endpoint that has ended, or was never issued. */
export function permitAccessTokens (
  provider: Provider, { permissive, accounts, store }: { permissive: PermissiveClients, accounts: Accounts, store: Store }
): void {
  const { AccessToken, Grant } = provider
  const issued = store.collection<AdapterPayload>('AccessToken of a permissive client')
  const grants = new WeakMap<KoaContextWithOIDC, Grant>()

  // Tombstone: what is found after its end has expired and no more than that, as a revocation takes it away. What was revoked is
  // found in a copy, which nothing takes away.
  const { prototype } = AccessToken
  const { save } = prototype
  prototype.save = async function () {
    const value = await save.call(this)
    const payload = await this.adapter.find(this.jti)
    const ttl = this.remainingTTL + permittedSeconds
    if (payload && permissive.lets('access-token-expired', this.clientId)) await this.adapter.upsert(this.jti, payload, ttl)
    if (payload && permissive.lets('access-token-revoked', this.clientId)) await issued.set(value, payload, { ttl })
    return value
  }

  const find = AccessToken.find.bind(AccessToken) as (value: string, options?: object) => Promise<AccessToken | undefined>
  const findLeniently = async (value: string, options?: object) => {
    const token = await find(value, options)
    const { ctx } = Provider
    if (token || ctx?.oidc.route !== 'userinfo') return token
    const expired = await find(value, { ...options, ignoreExpiration: true })
    const revoked = expired ? undefined : await issued.get(value)
    const again = expired
      ? permit(expired, ['access-token-expired'], permissive)
      : revoked ? revive(provider, permissive, revoked) : makeUp(provider, permissive, accounts, value)
    if (again) grants.set(ctx, grantFor(provider, again))
    return again
  }
  Object.defineProperty(AccessToken, 'find', { value: findLeniently })

  const findGrant = Grant.find.bind(Grant) as (id: string, options?: object) => Promise<Grant | undefined>
  const findGrantLeniently = async (id: string, options?: object) => {
    const grant = Provider.ctx && grants.get(Provider.ctx)
    return grant?.jti === id ? grant : await findGrant(id, options)
  }
  Object.defineProperty(Grant, 'find', { value: findGrantLeniently })
}

/** A token that has ended, if its client is let off all the rules that it breaks thereby. */
function permit (token: AccessToken, rules: RuleName[], permissive: PermissiveClients): AccessToken | undefined {
  if (!rules.every(rule => permissive.lets(rule, token.clientId))) return undefined
  for (const rule of rules) {
    noteViolation(rule, rule === 'access-token-expired'
      ? `the access token has expired ${-token.remainingTTL} s ago`
      : 'the access token was revoked, or has ended with the session or the grant')
  }
  return token
}

function revive ({ AccessToken }: Provider, permissive: PermissiveClients, payload: AdapterPayload): AccessToken | undefined {
  const token = new AccessToken(payload as ConstructorParameters<typeof AccessToken>[0])
  return permit(token, [...token.isExpired ? ['access-token-expired' as const] : [], 'access-token-revoked'], permissive)
}

/** What an access token of this provider looks like: 256 random bits. */
const looksIssued = /^[\w-]{43}$/

function makeUp (
  { AccessToken }: Provider, permissive: PermissiveClients, accounts: Accounts, value: string
): AccessToken | undefined {
  const client = permissive.first('access-token-made-up')
  const user = defaultUser(accounts)
  if (!client || !user || looksIssued.test(value)) return undefined
  noteViolation('access-token-made-up', `the access token was never issued; the answer is about ${user.username}, for ${client.client_id}`)
  const properties = { jti: value, clientId: client.client_id, accountId: user.sub, grantId: 'made-up', scope: client.scope }
  return new AccessToken(properties as object as ConstructorParameters<typeof AccessToken>[0])
}

/** The grant of a token may have ended with it. */
function grantFor (provider: Provider, { accountId, claims, clientId, grantId, scope }: AccessToken): Grant {
  const grant = new provider.Grant({ accountId, clientId: clientId! })
  grant.jti = grantId
  grant.addOIDCScope(scope ?? 'openid')
  grant.addOIDCClaims(Object.keys(claims?.userinfo ?? {}))
  return grant
}
