import { errors, type Adapter, type AdapterFactory, type AdapterPayload } from 'oidc-provider'
import type { Collection, Keeping, Store } from '#lib/store/store.ts'
import type { Clients, RegisteredClient } from '../clients/registered-clients.ts'

const tagOf = {
  grant: (id: string) => `grant:${id}`,
  uid: (uid: string) => `uid:${uid}`,
  userCode: (code: string) => `user-code:${code}`,
  account: (sub: string) => `account:${sub}`
}

/** What works once. Only of these it is asked whether they were used. */
const singleUse = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'PushedAuthorizationRequest'])

const consumedIn = (store: Store) => store.collection<number>('consumed')
const consumedKey = (model: string, id: string) => `${model}:${id}`

/** End all sessions of somebody. */
export const endSessions = (store: Store, sub: string) => store.collection('Session').deleteTagged(tagOf.account(sub))

// An authorization code is remembered for a while after its end, so that the refusal can say why.
const rememberedSeconds: Record<string, number | undefined> = { AuthorizationCode: 10 * 60 }

/** When a single-use code or token was used, in seconds since the epoch; known also where the entry itself is gone. */
export const usedAt = (store: Store, model: string, id: string) => consumedIn(store).get(consumedKey(model, id))

/**
 * Keeps what oidc-provider keeps – sessions, grants, codes, tokens – in the store, and finds clients where they are
 * registered.
 *
 * @see https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js
 */
export const storeAdapter = (store: Store, clients: Clients): AdapterFactory => model =>
  model === 'Client' ? new ClientAdapter(store, clients) : new StoreAdapter(store, model)

/** What the provider keeps of one model. */
class StoreAdapter implements Adapter {
  readonly #model: string
  readonly #entries: Collection<AdapterPayload>
  readonly #grants: Collection<AdapterPayload>
  // One for all models: what was used once stays known for as long as what it belonged to.
  readonly #consumed: Collection<number>
  readonly #secondsAfterEnd: number

  constructor (store: Store, model: string) {
    this.#model = model
    this.#entries = store.collection(model)
    this.#grants = store.collection('Grant')
    this.#consumed = consumedIn(store)
    this.#secondsAfterEnd = rememberedSeconds[model] ?? 0
  }

  async upsert (id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const keeping: Keeping = { ttl: expiresIn === undefined ? undefined : expiresIn + this.#secondsAfterEnd, tags: [] }
    if (payload.grantId) keeping.tags!.push(tagOf.grant(payload.grantId))
    if (payload.uid) keeping.tags!.push(tagOf.uid(payload.uid))
    if (payload.userCode) keeping.tags!.push(tagOf.userCode(payload.userCode))
    if (this.#model === 'Session' && payload.accountId) keeping.tags!.push(tagOf.account(payload.accountId))
    await this.#entries.set(id, payload, keeping)
  }

  async find (id: string): Promise<AdapterPayload | undefined> {
    const payload = await this.#entries.get(id)
    if (!payload || !singleUse.has(this.#model)) return payload
    const at = await this.#consumed.get(consumedKey(this.#model, id))
    return at === undefined ? payload : { ...payload, consumed: at }
  }

  findByUid (uid: string): Promise<AdapterPayload | undefined> {
    return this.#findTagged(tagOf.uid(uid))
  }

  findByUserCode (userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findTagged(tagOf.userCode(userCode))
  }

  async #findTagged (tag: string): Promise<AdapterPayload | undefined> {
    return (await this.#entries.tagged(tag, { limit: 1 }))[0]
  }

  // oidc-provider reads a code, checks it and only then marks it, so two requests at once would both pass. Here the second is
  // refused, and without the grant the tokens of the first are worth nothing either.
  // https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
  async consume (id: string): Promise<void> {
    const { exp, grantId } = await this.#entries.get(id) ?? {}
    const now = Math.floor(Date.now() / 1000)
    const ttl = exp === undefined ? undefined : Math.max(exp - now, 1) + 60 + this.#secondsAfterEnd
    const first = await this.#consumed.add(consumedKey(this.#model, id), now, { ttl })
    if (first) return
    if (grantId) await this.#grants.delete(grantId)
    throw new errors.InvalidGrant('already consumed by a request at the same time')
  }

  async destroy (id: string): Promise<void> {
    await this.#entries.delete(id)
  }

  async revokeByGrantId (grantId: string): Promise<void> {
    await this.#entries.deleteTagged(tagOf.grant(grantId))
  }
}

/** Clients are registered in a directory, neither found by anything but their id nor used up. */
class ClientAdapter implements Adapter {
  readonly #store: Store
  readonly #clients: Clients

  constructor (store: Store, clients: Clients) {
    this.#store = store
    this.#clients = clients
  }

  async find (id: string): Promise<AdapterPayload | undefined> {
    return this.#clients.get(id)
  }

  async upsert (_id: string, metadata: AdapterPayload): Promise<void> {
    await this.#clients.put(metadata as unknown as RegisteredClient)
    await this.#store.revise()
  }

  async destroy (id: string): Promise<void> {
    await this.#clients.remove(id)
    await this.#store.revise()
  }

  findByUid = never
  findByUserCode = never
  consume = never
  revokeByGrantId = never
}

async function never (): Promise<never> {
  throw new Error('clients are neither found so nor used up')
}
