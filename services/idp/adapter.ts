import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from 'oidc-provider'
import type { Keeping, Store } from '#lib/store.ts'
import type { Clients, RegisteredClient } from './clients.ts'

const tagOf = {
  grant: (id: string) => `grant:${id}`,
  uid: (uid: string) => `uid:${uid}`,
  userCode: (code: string) => `user-code:${code}`,
  account: (sub: string) => `account:${sub
}`
}

/** What works once. Only of these it is asked whether they were used. */
const singleUse = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'PushedAuthorizationRequest'])

const consumedIn = (store: Store) => store.collection<number>('consumed')
const consumedKey = (model: string, id: string) => `${model}:${id}`

/** End all sessions of somebody. */
export const endSessions = (store: Store, sub: string) => store.collection('Session').deleteTagged(tagOf.account(sub))

// An authorization code is remembered for a while after its end, so that the refusal can say why.
const remembered: Record<string, number | undefined> = { AuthorizationCode: 10 * 60 }

/** When a single-use code or token was used, in seconds since the epoch; known also where the entry itself is gone. */
export const usedAt = (store: Store, model: string, id: string) => consumedIn(store).get(consumedKey(model, id))

/**
 * Keeps what oidc-provider keeps – sessions, grants, codes, tokens – in the store, and finds clients where they are
 * registered.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js
 */
export function storeAdapter (store: Store, clients: Clients): AdapterFactory {
  // One for all models: what was used once stays known for as long as what it belonged to.
  const consumed = consumedIn(store)
  const grants = store.collection<AdapterPayload>('Grant')

  return (model): Adapter => {
    if (model === 'Client') return clientAdapter(clients)
    const entries = store.collection<AdapterPayload>(model)
    const afterEnd = remembered[model] ?? 0

    const find = async (id: string) => {
      const payload = await entries.get(id)
      if (!payload || !singleUse.has(model)) return payload
      const at = await consumed.get(consumedKey(model, id))
      return at === undefined ? payload : { ...payload, consumed: at }
    }

    const findTagged = async (tag: string) => (await entries.tagged(tag, { limit: 1 }))[0]

    return {
      async upsert (id, payload, expiresIn) {
        const keeping: Keeping = { ttl: expiresIn === undefined ? undefined : expiresIn + afterEnd, tags: [] }
        if (payload.grantId) keeping.tags!.push(tagOf.grant(payload.grantId))
        if (payload.uid) keeping.tags!.push(tagOf.uid(payload.uid))
        if (payload.userCode) keeping.tags!.push(tagOf.userCode(payload.userCode))
        if (model === 'Session' && payload.accountId) keeping.tags!.push(tagOf.account(payload.accountId))
        await entries.set(id, payload, keeping)
      },

      find,
      findByUid: uid => findTagged(tagOf.uid(uid)),
      findByUserCode: userCode => findTagged(tagOf.userCode(userCode)),

      // oidc-provider reads a code, checks it and only then marks it, so two requests at once would both pass. Here the
      // second is refused, and without the grant the tokens of the first are worth nothing either.
      // https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
      async consume (id) {
        const { exp, grantId } = await entries.get(id) ?? {}
        const now = Math.floor(Date.now() / 1000)
        const ttl = exp === undefined ? undefined : Math.max(exp - now, 1) + 60 + afterEnd
        const first = await consumed.add(consumedKey(model, id), now, { ttl })
        if (first) return
        if (grantId) await grants.delete(grantId)
        throw new errors.InvalidGrant('already consumed by a request at the same time')
      },

      async destroy (id) {
        await entries.delete(id)
      },

      async revokeByGrantId (grantId) {
        await entries.deleteTagged(tagOf.grant(grantId))
      }
    }
  }
}

function clientAdapter (clients: Clients): Adapter {
  const never = async () => { throw new Error('clients are neither found so nor used up') }
  return {
    find: async id => clients.get(id),
    upsert: async (_id, metadata) => clients.put(metadata as unknown as RegisteredClient),
    destroy: async id => { await clients.remove(id) },
    findByUid: never,
    findByUserCode: never,
    consume: never,
    revokeByGrantId: never
  }
}
