import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import createError from '@fastify/error'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'
import { StateError } from '#lib/store/state-error.ts'
import { keepInstead, openStateFolder } from '#lib/store/state-folder.ts'
import { lockStateFolder } from '#lib/store/state-lock.ts'
import { NoSuchRealm, Realm, type RealmOptions, type Seed } from './realm.ts'

const TooManyRealms = createError('TOO_MANY_REALMS', 'there are %s realms already: remove some, or have more by MAX_REALMS', 409)

const seedFile = 'realm.json'

/** What the issuers of this process are opened with: those of the root's, which are the seed of the others. */
export interface RealmsOptions extends Seed, Pick<RealmOptions, 'issuer' | 'stateFolder' | 'lab'> {
  storeUrl?: string | undefined
  /** how many there may be beside the one at the root */
  maxRealms: number
}

/** The issuers of this process: the one at the root and, in a lab, those below `/realms`, made and removed at run time. */
export class Realms {
  readonly #config: RealmsOptions
  readonly #open: (name: string, seed: Seed) => Promise<Realm>
  readonly #realms = new Map<string, Realm>()
  readonly #making = new Map<string, Promise<Realm>>()
  readonly #removing = new Map<string, Promise<void>>()
  readonly #listeners = new Set<() => void>()
  #resets = 0
  #changes = 0
  #closed = false
  #unlock = () => {}

  static async open (config: RealmsOptions, makeProvider: RealmOptions['makeProvider']): Promise<Realms> {
    const realms: Realms = new Realms(config, (name, seed) => Realm.open({
      name,
      issuer: realms.issuerOf(name),
      stateFolder: name === '' ? config.stateFolder : join(config.stateFolder, 'realms', name),
      storeUrl: config.storeUrl,
      seed,
      lab: config.lab,
      makeProvider
    }))
    if (config.storeUrl === undefined) realms.#unlock = lockStateFolder(openStateFolder(config.stateFolder))
    try {
      await realms.#openKept()
    } catch (error) {
      await realms.close()
      throw error
    }
    return realms
  }

  private constructor (config: RealmsOptions, open: (name: string, seed: Seed) => Promise<Realm>) {
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

  /** The issuer of a realm of this name, whether or not there is one. */
  issuerOf (name: string): string {
    return name === '' ? this.#config.issuer : `${withoutTrailingSlash(this.#config.issuer)}/realms/${name}`
  }

  get all (): Realm[] {
    return [...this.#realms.values()]
  }

  /** How often everything was put back, in this process. */
  get resets (): number {
    return this.#resets
  }

  /** How often something was changed from outside, in this process. */
  get changes (): number {
    return this.#changes
  }

  noteChange (): void {
    this.#changes++
    this.#tell()
  }

  get closed (): boolean {
    return this.#closed
  }

  /** Be told that there are others now, that something was changed, or that nothing will happen any more, without delay. */
  subscribe (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  #tell (): void {
    for (const listener of [...this.#listeners]) listener()
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
   * @param seed how it begins; with the lab's own users and clients where not said
   */
  async make (name: string, seed: Partial<Seed> = {}): Promise<Realm> {
    const existing = this.#realms.get(name) ?? this.#making.get(name)
    if (existing) return existing
    if (this.#realms.size + this.#making.size > this.#config.maxRealms) throw new TooManyRealms(this.#config.maxRealms)
    const making = this.#make(name, { users: seed.users ?? this.#config.users, clients: seed.clients ?? this.#config.clients, settings: seed.settings })
    this.#making.set(name, making)
    try {
      return await making
    } finally {
      this.#making.delete(name)
    }
  }

  async #make (name: string, seed: Seed): Promise<Realm> {
    await this.#removing.get(name)
    const folder = join(this.#folder, name)
    rmSync(folder, { recursive: true, force: true })
    const realm = await this.#open(name, seed)
    try {
      for (const client of seed.clients) await realm.checkClient(client)
    } catch (error) {
      await realm.remove()
      throw error
    }
    // Written last, so that what a killed process leaves half made is not taken for a realm.
    keepInstead(folder, seedFile, seed)
    return this.#add(realm)
  }

  #add (realm: Realm): Realm {
    this.#realms.set(realm.name, realm)
    this.#tell()
    return realm
  }

  /** End a realm and forget everything about it. */
  async remove (name: string): Promise<void> {
    const realm = this.get(name)
    this.#realms.delete(name)
    // First of all, so that what a killed process leaves half removed is not taken for a realm.
    rmSync(join(this.#folder, name, seedFile), { force: true })
    const removing = realm.remove()
    this.#removing.set(name, removing)
    this.#tell()
    try {
      await removing
    } finally {
      if (this.#removing.get(name) === removing) this.#removing.delete(name)
    }
  }

  /** End all but the one at the root. */
  async removeAll (): Promise<void> {
    const removing = Promise.all(this.all.filter(({ name }) => name !== '').map(({ name }) => this.remove(name)))
    this.#resets++
    this.#tell()
    await removing
  }

  /** Answer those who wait for something to happen: nothing will. */
  endWaiting (): void {
    for (const realm of this.#realms.values()) realm.instruments?.ledger.close()
    this.#closed = true
    this.#tell()
  }

  /** Why what one of them is told cannot be kept at the moment; nothing where it can. */
  get failure (): string | undefined {
    return this.all.map(({ store }) => store.failure).find(failure => failure !== undefined)
  }

  async close (): Promise<void> {
    await Promise.all(this.all.map(realm => realm.close()))
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
