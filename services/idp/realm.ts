import { rmSync } from 'node:fs'
import { join } from 'node:path'
import createError from '@fastify/error'
import type { Provider } from 'oidc-provider'
import { runAt, type Clock } from '#lib/clock.ts'
import type { Logger } from '#lib/http-server.ts'
import { createLedger, type Ledger } from '#lib/ledger.ts'
import { openStateFolder } from '#lib/state-folder.ts'
import { openStore, type Store } from '#lib/store.ts'
import { endSessions } from './adapter.ts'
import type { Clients, RegisteredClient } from './clients.ts'
import { CookieSignatures } from './cookie-signatures.ts'
import { Directory } from './directory.ts'
import { Faults } from './faults/faults.ts'
import { openCookieKeys, SigningKeys } from './keys.ts'
import { keptOffset } from './lab/realm-clock.ts'
import { createProvider, type ProviderPages } from './provider.ts'
import { KeptSettings } from './settings.ts'
import { Accounts, usernameKey, type User } from './users.ts'

/** 404 */
export const NoSuchRealm = createError('NOT_FOUND', 'there is no realm %s', 404)

declare module 'fastify' {
  interface FastifyRequest {
    /** the issuer whose URL was asked */
    realm: Realm
  }
}

/** What only a lab has. */
export interface RealmLab {
  faults: Faults
  ledger: Ledger
  /** the time in this realm; that at the root follows the process's */
  clock: Clock | undefined
}

/** Who is known in a realm when nothing has been changed. */
export interface Seed {
  users: User[]
  clients: RegisteredClient[]
}

/** What a realm is opened with. */
export interface RealmOptions {
  /** '' at the root */
  name: string
  issuer: string
  stateFolder: string
  seed: Seed
  lab: boolean
  log: Logger
  pagesOf: (realm: Realm) => ProviderPages
}

/** One issuer: its users, clients, keys and everything that it keeps. Several can live in one process and share nothing. */
export class Realm {
  readonly name: string
  readonly issuer: string
  /** path of the issuer, '' at the root */
  readonly mountPath: string
  readonly seed: Seed
  readonly store: Store
  readonly accounts: Accounts
  readonly clients: Clients
  readonly settings: KeptSettings
  readonly keys: SigningKeys
  /** what the cookies of browsers are signed with, newest first */
  readonly cookieKeys: string[]
  readonly cookieSignatures: CookieSignatures
  readonly lab: RealmLab | undefined
  /** whether it has been removed: a request that was under way then fails at whatever it needs next */
  removed = false
  readonly #stateFolder: string
  readonly #makeProvider: () => Provider
  #provider: Provider | undefined
  #handle: ReturnType<Provider['callback']> | undefined

  /** Open a realm, making it where there is none. */
  static async open (options: RealmOptions): Promise<Realm> {
    const { seed, lab, log } = options
    const stateFolder = openStateFolder(options.stateFolder)
    // What the store does by itself, it does at the time of the realm.
    const clock: Clock | undefined = options.name === '' ? undefined : { offsetMs: 0 }
    const open = () => openStore(join(stateFolder, 'idp.sqlite'))
    const store = clock ? runAt(clock, open) : open()
    if (clock && lab) clock.offsetMs = await keptOffset(store)
    const users = await Directory.open(store, { name: 'user', lab, seed: seed.users, keyOf: user => usernameKey(user.username) })
    const clients = await Directory.open(store, { name: 'client', lab, seed: seed.clients, keyOf: client => client.client_id })
    const algorithms = clients.all.map(client => client.id_token_signed_response_alg ?? 'RS256')
    const keys = await SigningKeys.open(stateFolder, { lab, algorithms })
    return new Realm({
      ...options,
      stateFolder,
      store,
      clients,
      keys,
      accounts: new Accounts(users),
      settings: await KeptSettings.open(store, lab),
      cookieKeys: await openCookieKeys(stateFolder),
      lab: lab
        ? { faults: await Faults.open(store), ledger: createLedger(), clock }
        : undefined,
      log
    })
  }

  private constructor (
    parts: Omit<RealmOptions, 'lab'> & Pick<Realm, 'store' | 'accounts' | 'clients' | 'settings' | 'keys' | 'cookieKeys' | 'lab'>
  ) {
    this.name = parts.name
    this.issuer = parts.issuer
    this.mountPath = new URL(parts.issuer).pathname.replace(/\/$/, '')
    this.seed = parts.seed
    this.store = parts.store
    this.accounts = parts.accounts
    this.clients = parts.clients
    this.settings = parts.settings
    this.keys = parts.keys
    this.cookieKeys = parts.cookieKeys
    this.cookieSignatures = new CookieSignatures(parts.cookieKeys)
    this.lab = parts.lab
    this.#stateFolder = parts.stateFolder
    this.#makeProvider = () => createProvider({
      realm: this, pages: parts.pagesOf(this), log: parts.log
    })
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

  /** Sign somebody out of all browsers. */
  endSessions (sub: string): Promise<void> {
    return endSessions(this.store, sub)
  }

  /** Put everything back as it was after the first start, but for the clock. */
  async reset (): Promise<void> {
    await this.lab?.faults.reset()
    await this.accounts.reset()
    await this.clients.reset()
    await this.settings.reset()
    this.keys.reset()
    await this.store.clear()
    this.lab?.ledger.clear()
  }

  close (): void {
    this.lab?.ledger.close()
    this.store.close()
  }

  /** End it, and forget everything about it. */
  remove (): void {
    this.removed = true
    this.close()
    rmSync(this.#stateFolder, { recursive: true, force: true })
  }
}
