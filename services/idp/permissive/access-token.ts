import { Provider, type AccessToken, type AdapterPayload, type Grant, type KoaContextWithOIDC } from 'oidc-provider'
import type { Realm } from '../realm.ts'
import { isPermissive, note } from './permissive-client.ts'
import { defaultUser } from './silent-sign-in.ts'

const day = 24 * 60 * 60

/** Lets pass an access token at the userinfo endpoint that has ended, or was never issued. */
export function permitAccessTokens (provider: Provider, realm: Realm): void {
  const { AccessToken, Grant } = provider
  const issued = realm.store.collection<AdapterPayload>('AccessToken of a permissive client')
  const grants = new WeakMap<KoaContextWithOIDC, Grant>()

  // What has ended is in the store no more, so it is kept a second time.
  const { prototype } = AccessToken
  const { save } = prototype
  prototype.save = async function () {
    const value = await save.call(this)
    const payload = isPermissive(realm, this.clientId) ? await this.adapter.find(this.jti) : undefined
    if (payload) await issued.set(value, payload, { ttl: this.remainingTTL + day })
    return value
  }

  const find = AccessToken.find.bind(AccessToken) as (value: string, options?: object) => Promise<AccessToken | undefined>
  const findLeniently = async (value: string, options?: object) => {
    const token = await find(value, options)
    const { ctx } = Provider
    if (token || ctx?.oidc.route !== 'userinfo') return token
    const payload = await issued.get(value)
    const again = payload ? revive(provider, realm, payload) : makeUp(provider, realm, value)
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

function revive ({ AccessToken }: Provider, realm: Realm, payload: AdapterPayload): AccessToken | undefined {
  if (!isPermissive(realm, payload.clientId)) return undefined
  const over = Math.floor(Date.now() / 1000) - payload.exp!
  if (over >= 0) note('access-token-expired', `the access token has expired ${over} s ago`)
  else note('access-token-revoked', 'the access token was revoked, or has ended with the session or the grant')
  return new AccessToken(payload as ConstructorParameters<typeof AccessToken>[0])
}

/** What an access token of this provider looks like: 256 random bits. */
const looksIssued = /^[\w-]{43}$/

function makeUp ({ AccessToken }: Provider, realm: Realm, value: string): AccessToken | undefined {
  const client = realm.clients.all.find(({ client_id: id }) => isPermissive(realm, id))
  const user = defaultUser(realm)
  if (!client || !user || looksIssued.test(value)) return undefined
  note('access-token-made-up', `the access token was never issued; the answer is about ${user.username}, for ${client.client_id}`)
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
