import { Provider, type AccessToken, type AdapterPayload, type Grant, type KoaContextWithOIDC } from 'oidc-provider'
import type { Store } from '#lib/store/store.ts'
import type { Accounts } from '../accounts/accounts.ts'
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

  // What has ended is in the store no more, so it is kept a second time.
  const { prototype } = AccessToken
  const { save } = prototype
  prototype.save = async function () {
    const value = await save.call(this)
    const payload = letsRevive(permissive, this) ? await this.adapter.find(this.jti) : undefined
    if (payload) await issued.set(value, payload, { ttl: this.remainingTTL + permittedSeconds })
    return value
  }

  const find = AccessToken.find.bind(AccessToken) as (value: string, options?: object) => Promise<AccessToken | undefined>
  const findLeniently = async (value: string, options?: object) => {
    const token = await find(value, options)
    const { ctx } = Provider
    if (token || ctx?.oidc.route !== 'userinfo') return token
    const payload = await issued.get(value)
    const again = payload ? revive(provider, permissive, payload) : makeUp(provider, permissive, accounts, value)
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

const letsRevive = (permissive: PermissiveClients, { clientId }: { clientId?: string | undefined }) =>
  permissive.lets('access-token-expired', clientId) || permissive.lets('access-token-revoked', clientId)

function revive ({ AccessToken }: Provider, permissive: PermissiveClients, payload: AdapterPayload): AccessToken | undefined {
  const over = Math.floor(Date.now() / 1000) - payload.exp!
  const rule = over >= 0 ? 'access-token-expired' : 'access-token-revoked'
  if (!permissive.lets(rule, payload.clientId)) return undefined
  noteViolation(rule, {
    'access-token-expired': `the access token has expired ${over} s ago`,
    'access-token-revoked': 'the access token was revoked, or has ended with the session or the grant'
  }[rule])
  return new AccessToken(payload as ConstructorParameters<typeof AccessToken>[0])
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
