import { rmSync } from 'node:fs'
import createError from '@fastify/error'
import type { Provider } from 'oidc-provider'
import { runAt, type Clock } from '#lib/clock/clock.ts'
import { Ledger } from '#lib/ledger/ledger.ts'
import { openStore } from '#lib/store/open-store.ts'
import { RevisionFollower } from '#lib/store/revision-follower.ts'
import type { Store } from '#lib/store/store.ts'
import { Accounts } from '../accounts/accounts.ts'
import { scopesOf } from '../accounts/user-claims.ts'
import { usernameKey, type User } from '../accounts/users.ts'
import { checkClient } from '../clients/check-client.ts'
import type { Clients, RegisteredClient } from '../clients/registered-clients.ts'
import { ActiveFaults } from '../faults/active-faults.ts'
import { withPreset } from '../presets/presets.ts'
import { openCookieKeys } from '../state/cookie-keys.ts'
import { CookieSignatures } from '../state/cookie-signatures.ts'
import { IssuerKeys } from '../state/issuer-keys.ts'
import { KeptSettings, type RealmSettings } from '../state/realm-settings.ts'
import { SeededDirectory } from '../state/seeded-directory.ts'
import { endSessions } from './oidc-adapter.ts'
import { keptOffset } from './realm-clock.ts'

/** 404 */
export const NoSuchRealm = createError('NOT_FOUND', 'there is no realm %s', 404)

declare module 'fastify' {
  interface FastifyRequest {
    /** the issuer whose URL was asked */
    realm: Realm
  }
}

/** What a realm has in a lab alone, where it is measured and made to go wrong. */
export interface Instruments {
  /** those that are switched on */
  faults: ActiveFaults
  /** what it was asked, and answered */
  ledger: Ledger
  /** the time in this realm; that at the root follows the process's */
  clock: Clock | undefined
}

/** Who is known in a realm when nothing has been changed. */
export interface Seed {
  users: User[]
  clients: RegisteredClient[]
  settings?: Partial<RealmSettings> | undefined
}

/** What a realm is opened with. */
export interface RealmOptions {
  /** '' at the root */
  name: string
  issuer: string
  stateFolder: string
  /** as `ServerConfig` has it */
  storeUrl: string | undefined
  seed: Seed
  lab: boolean
  /** makes oidc-provider for the realm as it is now */
  makeProvider: (realm: Realm) => Provider
}

/** One issuer: its users, clients, keys and everything that it keeps. Several can live in one process and share nothing. */
export class Realm {
  readonly name: string
  readonly issuer: string
  /** path of the issuer, '' at the root */
  readonly mountPath: string
  readonly store: Store
  readonly accounts: Accounts
  readonly clients: Clients
  readonly settings: KeptSettings
  readonly keys: IssuerKeys
  /** what the cookies of browsers are signed with, newest first */
  readonly cookieKeys: string[]
  readonly cookieSignatures: CookieSignatures
  /** nothing outside of a lab */
  readonly instruments: Instruments | undefined
  /** what other replicas have changed of it */
  readonly revisions: RevisionFollower
  /** whether it has been removed: a request that was under way then fails at whatever it needs next */
  removed = false
  readonly #stateFolder: string
  readonly #makeProvider: () => Provider
  #provider: Provider | undefined
  #handle: ReturnType<Provider['callback']> | undefined

  /** Open a realm, making it where there is none. */
  static async open (options: RealmOptions): Promise<Realm> {
    const { seed, lab, stateFolder } = options
    // What the store does by itself, it does at the time of the realm.
    const clock: Clock | undefined = options.name === '' ? undefined : { offsetMs: 0 }
    const open = () => openStore({ name: options.name === '' ? 'idp' : `idp/${options.name}`, stateFolder, storeUrl: options.storeUrl })
    const store = await (clock ? runAt(clock, open) : open())
    if (clock && lab) clock.offsetMs = await keptOffset(store)
    const users = await SeededDirectory.open(store, { name: 'user', lab, seed: seed.users, keyOf: user => usernameKey(user.username) })
    const clients = await SeededDirectory.open(store, { name: 'client', lab, seed: seed.clients, keyOf: client => client.client_id })
    const algorithms = clients.all.map(client => client.id_token_signed_response_alg ?? 'RS256')
    const keys = await IssuerKeys.open(store.secrets, { lab, algorithms, onKept: () => store.revise() })
    return new Realm({
      ...options,
      store,
      clients,
      keys,
      accounts: new Accounts(users),
      settings: await KeptSettings.open(store, { lab, seed: seed.settings && withPreset(seed.settings) }),
      cookieKeys: await openCookieKeys(store.secrets),
      instruments: lab
        ? { faults: await ActiveFaults.open(store), ledger: await Ledger.open(store), clock }
        : undefined
    })
  }

  private constructor (
    parts: Omit<RealmOptions, 'lab' | 'seed' | 'storeUrl'> & Pick<Realm, 'store' | 'accounts' | 'clients' | 'settings' | 'keys' | 'cookieKeys' | 'instruments'>
  ) {
    this.name = parts.name
    this.issuer = parts.issuer
    this.mountPath = new URL(parts.issuer).pathname.replace(/\/$/, '')
    this.store = parts.store
    this.accounts = parts.accounts
    this.clients = parts.clients
    this.settings = parts.settings
    this.keys = parts.keys
    this.cookieKeys = parts.cookieKeys
    this.cookieSignatures = new CookieSignatures(parts.cookieKeys)
    this.instruments = parts.instruments
    this.revisions = new RevisionFollower(parts.store)
    this.revisions.onRevised(() => this.#reload())
    this.#stateFolder = parts.stateFolder
    this.#makeProvider = () => parts.makeProvider(this)
    const renew = () => {
      this.#provider = undefined
      this.#handle = undefined
    }
    this.keys.onChange(renew)
    this.settings.onChange(renew)
    this.accounts.onChange(renew)
  }

  /**
   * oidc-provider with the keys, claims and settings as they are now. Everything it keeps is in the store, so it is replaced
   * when they change.
   */
  get provider (): Provider {
    this.#provider ??= this.#makeProvider()
    return this.#provider
  }

  /** Answer a request to one of the endpoints of OpenID Connect. */
  get handle (): ReturnType<Provider['callback']> {
    this.#handle ??= this.provider.callback()
    return this.#handle
  }

  /** Read what other replicas have changed. */
  async #reload (): Promise<void> {
    const { faults, clock } = this.instruments ?? {}
    await Promise.all([this.accounts.reload(), this.clients.reload(), this.settings.reload(), this.keys.reload(), faults?.reload()])
    if (clock) clock.offsetMs = await keptOffset(this.store)
  }

  /** @throws {ImpossibleClient} 400, where the provider would not know what to do with such a client */
  checkClient (client: RegisteredClient): Promise<void> {
    return checkClient(client, this.provider, Object.keys(scopesOf(this.settings.value)))
  }

  /** Sign somebody out of all browsers. */
  endSessions (sub: string): Promise<void> {
    return endSessions(this.store, sub)
  }

  /** Put everything back as it was after the first start, but for the clock. */
  async reset (): Promise<void> {
    await this.instruments?.faults.reset()
    await this.accounts.reset()
    await this.clients.reset()
    await this.settings.reset()
    await this.keys.reset()
    await this.store.clear()
    await this.instruments?.ledger.clear()
  }

  /** Another replica has removed it. */
  async leave (): Promise<void> {
    this.removed = true
    await this.close()
  }

  async close (): Promise<void> {
    this.instruments?.ledger.close()
    await this.store.close()
  }

  /** End it, and forget everything about it. */
  async remove (): Promise<void> {
    this.removed = true
    this.instruments?.ledger.close()
    await this.store.remove()
    rmSync(this.#stateFolder, { recursive: true, force: true })
  }
}
