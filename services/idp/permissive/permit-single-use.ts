import { errors, Provider, type AuthorizationCode, type Client, type RefreshToken } from 'oidc-provider'
import type { Store } from '#lib/store/store.ts'
import { usedAt } from '../realm/oidc-adapter.ts'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'
import type { RuleName } from '../clients/rules.ts'

type SingleUse = AuthorizationCode | RefreshToken

/** When it was used, in seconds since the epoch. */
interface Used { consumed?: number | undefined }

/** Whether the client that asks is let off a rule. */
export type Lets = (rule: RuleName) => boolean

/** What is made of a code or a refresh token that a permissive client presents. */
export interface Leniency<T extends SingleUse> {
  usedBefore: RuleName
  ofAnotherClient: RuleName
  /** called with each one that was found, before it is checked */
  putRight?: (token: T, params: Record<string, unknown>, lets: Lets) => void
}

/** Longer than anything is found after its end. */
const rememberedSeconds = 15 * 60
/** Longer than a token request takes. */
const useSeconds = 60

/** What says whose it is, and whether it was used. */
export interface SingleUseParts { permissive: PermissiveClients, store: Store }

/** Lets pass a code or a refresh token that was used before, or issued to another client. */
export function permitSingleUse<T extends SingleUse> (
  provider: Provider, { permissive, store }: SingleUseParts, kind: T['kind'], { usedBefore, ofAnotherClient, putRight }: Leniency<T>
): void {
  const Model = provider[kind]
  const handedOver = new WeakSet<object>()
  // To its own client it is as good as before, so it is noted elsewhere that another has used it.
  const taken = store.collection<number>(`${kind} of another client`)

  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<T & Used | undefined>
  const findLeniently = async (id: string, options?: object) => {
    const token = await find(id, options)
    const { client, params, route } = Provider.ctx?.oidc ?? {}
    if (!token || !client || !params || route !== 'token') return token
    const lets: Lets = rule => permissive.lets(rule, client.clientId)
    if (token.clientId !== client.clientId) {
      if (!lets(ofAnotherClient) || (token.consumed && !lets(usedBefore))) return token
      noteViolation(ofAnotherClient, `it was issued to ${token.clientId}`)
      await handOver(provider, token, client)
      handedOver.add(token)
    }
    if (token.consumed && lets(usedBefore)) {
      noteViolation(usedBefore, `it was used ${Math.floor(Date.now() / 1000) - token.consumed} s ago`)
      delete token.consumed
    }
    putRight?.(token, params, lets)
    return token
  }
  Object.defineProperty(Model, 'find', { value: findLeniently })

  // The store lets a code be used up once, and so does it here. Of two requests at once, both find it unused.
  const beingUsed = store.collection<true>(`${kind} being used`)
  const { prototype } = Model
  const { consume } = prototype
  prototype.consume = async function (this: typeof prototype) {
    if (handedOver.has(this)) {
      const ttl = Math.max(this.remainingTTL, 0) + rememberedSeconds
      const first = await taken.add(`${this.clientId}:${this.jti}`, Math.floor(Date.now() / 1000), { ttl })
      if (first) return
      if (!permissive.tokenRequest(usedBefore)) throw new errors.InvalidGrant('already consumed by this client')
      noteViolation(usedBefore, 'it was used before by this client')
      return
    }
    if (!permissive.tokenRequest(usedBefore)) return await consume.call(this)
    const first = await beingUsed.add(this.jti, true, { ttl: useSeconds })
    try {
      if (first && await usedAt(store, kind, this.jti) === undefined) await consume.call(this)
      else noteViolation(usedBefore, 'it was used by another request at the same time')
    } finally {
      if (first) await beingUsed.delete(this.jti)
    }
  }
}

/** Make it one of this client, which gets a grant of its own for it. What is in the store stays as it is. */
async function handOver (provider: Provider, token: SingleUse, { clientId }: Client): Promise<void> {
  const theirs = token.grantId ? await provider.Grant.find(token.grantId) : undefined
  const session = token.expiresWithSession && token.sessionUid ? await provider.Session.findByUid(token.sessionUid) : undefined
  const earlier = session?.grantIdFor(clientId)
  const grant = (earlier && await provider.Grant.find(earlier)) || new provider.Grant({ clientId, accountId: token.accountId! })
  grant.addOIDCScope(theirs?.getOIDCScope() ?? '')
  grant.addOIDCClaims(theirs?.getOIDCClaims() ?? [])
  await grant.save()

  session?.ensureClientContainer(clientId)
  session?.grantIdFor(clientId, grant.jti)
  await session?.persist()
  Object.assign(token, { clientId, grantId: grant.jti, sid: session?.sidFor(clientId) })
}
