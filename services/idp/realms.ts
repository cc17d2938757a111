import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import createError from '@fastify/error'
import type { Logger } from '#lib/http-server.ts'
import { StateError } from '#lib/state-error.ts'
import { keepInstead, openStateFolder } from '#lib/state-folder.ts'
import { lockStateFolder } from '#lib/state-lock.ts'
import type { IdpConfig } from './config.ts'
import type { ProviderPages } from './provider.ts'
import { checkClient } from './lab/clients.ts'
import { NoSuchRealm, Realm, type Seed } from './realm.ts'

const TooManyRealms = createError('TOO_MANY_REALMS', 'there are %s realms already: remove some', 409)

const limit = 200
const seedFile = 'realm.json'

/** The issuers of this process: the one at the root and, in a lab, those below `/realms`, made and removed at run time. */
export class Realms {
  readonly #config: IdpConfig
  readonly #open: (name: string, seed: Seed) => Promise<Realm>
  readonly #realms = new Map<string, Realm>()
  readonly #making = new Map<string, Promise<Realm>>()
  #unlock = () => {}

  static async open (config: IdpConfig, log: Logger, pagesOf: (realm: Realm) => ProviderPages): Promise<Realms> {
    const realms = new Realms(config, (name, seed) => Realm.open({
      name,
      issuer: name === '' ? config.issuer : `${config.issuer}/realms/${name}`,
      stateFolder: name === '' ? config.stateFolder : join(config.stateFolder, 'realms', name),
      seed,
      lab: config.lab,
      log,
      pagesOf
    }))
    realms.#unlock = lockStateFolder(openStateFolder(config.stateFolder))
    try {
      await realms.#openKept()
    } catch (error) {
      realms.close()
      throw error
    }
    return realms
  }

  private constructor (config: IdpConfig, open: (name: string, seed: Seed) => Promise<Realm>) {
    this.#config = config
    this.#open = open
  }

  get #folder (): string {
    return join(this.#config.stateFolder, 'realms')
  }

  async #openKept (): Promise<void> {
    this.#add(await this.#open('', this.#config))
    if (!this.#config.lab || !existsSync(this.#folder)) return
    for (const name of readdirSync(this.#folder)) {
      const seed = join(this.#folder, name, seedFile)
      if (existsSync(seed)) this.#add(await this.#open(name, readSeed(seed)))
      else rmSync(join(this.#folder, name), { recursive: true, force: true })
    }
  }

  get all (): Realm[] {
    return [...this.#realms.values()]
  }

  get root (): Realm {
    return this.get('')
  }

  /** @throws {NoSuchRealm} 404 */
  get (name: string): Realm {
    const realm = this.#realms.get(name)
    if (!realm) throw new NoSuchRealm(name)
    return realm
  }

  has (name: string): boolean {
    return this.#realms.has(name)
  }

  /**
   * Make a realm; the one that is there already, where there is one.
   *
   * @param seed who is known in it; the lab's own users and clients where not said
   */
  async make (name: string, seed: Partial<Seed> = {}): Promise<Realm> {
    const existing = this.#realms.get(name) ?? this.#making.get(name)
    if (existing) return existing
    if (this.#realms.size + this.#making.size > limit) throw new TooManyRealms(limit)
    const making = this.#make(name, { users: seed.users ?? this.#config.users, clients: seed.clients ?? this.#config.clients })
    this.#making.set(name, making)
    try {
      return await making
    } finally {
      this.#making.delete(name)
    }
  }

  async #make (name: string, seed: Seed): Promise<Realm> {
    const folder = join(this.#folder, name)
    rmSync(folder, { recursive: true, force: true })
    const realm = await this.#open(name, seed)
    try {
      for (const client of seed.clients) await checkClient(realm, client)
    } catch (error) {
      realm.remove()
      throw error
    }
    // Written last, so that what a killed process leaves half made is not taken for a realm.
    keepInstead(folder, seedFile, seed)
    return this.#add(realm)
  }

  #add (realm: Realm): Realm {
    this.#realms.set(realm.name, realm)
    return realm
  }

  /** End a realm and forget everything about it. */
  remove (name: string): void {
    const realm = this.get(name)
    this.#realms.delete(name)
    // First of all, so that what a killed process leaves half removed is not taken for a realm.
    rmSync(join(this.#folder, name, seedFile), { force: true })
    realm.remove()
  }

  /** Answer those who wait for something to happen: nothing will. */
  endWaiting (): void {
    for (const realm of this.#realms.values()) realm.lab?.ledger.close()
  }

  /** Why what one of them is told cannot be kept at the moment; nothing where it can. */
  get failure (): string | undefined {
    return this.all.map(({ store }) => store.failure).find(failure => failure !== undefined)
  }

  close (): void {
    for (const realm of this.#realms.values()) realm.close()
    this.#unlock()
  }
}

function readSeed (file: string): Seed {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Seed
  } catch (error) {
    throw new StateError(file, 'cannot be read: mend it, or delete the folder that it is in', { cause: error })
  }
}
