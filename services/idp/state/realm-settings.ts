import { isDeepStrictEqual } from 'node:util'
import type { Store } from '#lib/store/store.ts'
import { Type, type Static } from '#lib/validation/schema.ts'
import { idTokenClaims, refreshTokens, tokenLifetimes } from './token-settings.ts'

/** The products whose habits a realm can have. */
export const presetNames = ['okta', 'auth0', 'keycloak', 'entra'] as const
export type PresetName = typeof presetNames[number]
export const noPreset = 'none'

/** What is the same for all clients of an issuer, and can be changed at run time. */
export const realmSettings = Type.Object({
  like: Type.Enum([noPreset, ...presetNames], {
    default: noPreset, description: 'a product whose habits it has: claims, lifetimes, refresh, sign-out, errors. What is said beside wins'
  }),
  scopes: Type.Record(
    Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,100}$', description: 'a scope' }),
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { uniqueItems: true }), {
      default: {}, additionalProperties: false, description: 'scopes beside those of OpenID Connect, and the claims that each of them stands for'
    }),
  dynamic_client_registration: Type.Boolean({
    default: false, description: 'whether whoever asks may register a client (OpenID Connect Dynamic Client Registration)'
  }),
  id_token_claims: idTokenClaims,
  refresh_tokens: refreshTokens,
  token_lifetimes: {
    ...tokenLifetimes, default: {}, description: 'how long what is issued from now on lasts, for clients that have no `token_lifetimes` of their own'
  }
}, { additionalProperties: false })

export type RealmSettings = Static<typeof realmSettings>

const unlessSaid: RealmSettings = {
  like: noPreset, scopes: {}, dynamic_client_registration: false, id_token_claims: [], refresh_tokens: 'offline_access', token_lifetimes: {}
}

/** The settings of one issuer, kept over a restart. */
export class KeptSettings {
  readonly #store: Store
  readonly #seed: RealmSettings
  #value: RealmSettings
  #onChange = () => {}

  /**
   * @param options.lab whether what a lab has changed counts
   * @param options.seed what they are when nothing has been changed, as far as that is said
   */
  static async open (store: Store, { lab, seed }: { lab: boolean, seed: Partial<RealmSettings> | undefined }): Promise<KeptSettings> {
    const settings = new KeptSettings(store, { ...unlessSaid, ...seed })
    if (lab) await settings.reload()
    return settings
  }

  private constructor (store: Store, seed: RealmSettings) {
    this.#store = store
    this.#seed = seed
    this.#value = seed
  }

  get value (): RealmSettings {
    return this.#value
  }

  onChange (listener: () => void): void {
    this.#onChange = listener
  }

  async put (value: RealmSettings): Promise<void> {
    const before = this.#value
    this.#set(value)
    try {
      await this.#store.collection<RealmSettings>('lab').set('settings', value)
    } catch (error) {
      if (this.#value === value) this.#set(before)
      throw error
    }
  }

  /** Read what was kept, by other replicas too. */
  async reload (): Promise<void> {
    const kept = await this.#store.collection<Partial<RealmSettings>>('lab').get('settings')
    const value = { ...this.#seed, ...kept }
    if (!isDeepStrictEqual(value, this.#value)) this.#set(value)
  }

  #set (value: RealmSettings): void {
    this.#value = value
    this.#onChange()
  }

  reset (): Promise<void> {
    return this.put(this.#seed)
  }
}
