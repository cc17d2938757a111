import { join } from 'node:path'
import { createSerialQueue } from '#lib/concurrency/serial-queue.ts'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'
import { openStateFolder } from '#lib/store/state-folder.ts'
import { lockStateFolder } from '#lib/store/state-lock.ts'
import { RealmFolders, SharedRealms, TooManyRealms, type KeptRealm, type KeptRealms } from './kept-realms.ts'
import { NoSuchRealm, Realm, type RealmOptions, type Seed } from './realm.ts'

const channel = 'realms'

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
  // Which of several realms that had this name, one after the other, each is.
  readonly #ids = new Map<string, string>()
  readonly #making = new Map<string, Promise<Realm>>()
  readonly #removing = new Map<string, Promise<void>>()
  readonly #listeners = new Set<() => void>()
  readonly #inTurn = createSerialQueue()
  #kept: KeptRealms
  #resets = 0
  #changes = 0
  #closed = false
  #unlock = () => {}
  #unsubscribe = () => {}

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
    this.#kept = new RealmFolders(join(config.stateFolder, 'realms'))
  }

  async #openKept (): Promise<void> {
    const root = this.#add(await this.#open('', this.#config))
    if (!this.#config.lab) return
    if (root.store.isShared) this.#kept = new SharedRealms(root.store, this.#config.maxRealms)
    await this.#readKept()
    // Two at once would open the same realm twice, and one of them would stay open for ever.
    root.revisions.onRevised(() => this.#inTurn(() => this.#readKept()))
    const onChange = async ({ isReset = false }: { isReset?: boolean }) => {
      if (isReset) this.#resets++
      else this.#changes++
      await root.revisions.catchUp()
      this.#tell()
    }
    const hear = (change: { isReset?: boolean }) => { onChange(change).catch(() => {}) }
    this.#unsubscribe = await root.store.signals.subscribe(channel, hear, { onResubscribed: () => hear({}) })
  }

  /** Open the realms that there are, and leave those that another replica has removed. */
  async #readKept (): Promise<void> {
    const kept = await this.#kept.read()
    const isBusy = (name: string) => this.#making.has(name) || this.#removing.has(name)
    const gone = this.all.filter(({ name }) => name !== '' && !isBusy(name) && !kept.some(({ id }) => id === this.#ids.get(name)))
    const added = kept.filter(({ name, id }) => !isBusy(name) && this.#ids.get(name) !== id)
    for (const { name } of gone) {
      this.#realms.delete(name)
      this.#ids.delete(name)
    }
    await Promise.all(gone.map(realm => realm.leave()))
    await Promise.all(added.map(async realm => this.#addKept(realm, await this.#open(realm.name, realm.seed))))
  }

  /** The issuer of a realm of this name, whether or not there is one. */
  issuerOf (name: string): string {
    return name === '' ? this.#config.issuer : `${withoutTrailingSlash(this.#config.issuer)}/realms/${name}`
  }

  get all (): Realm[] {
    return [...this.#realms.values()]
  }

  /** How often everything was put back, as far as this process has heard. */
  get resets (): number {
    return this.#resets
  }

  /** How often something was changed from outside, as far as this process has heard. */
  get changes (): number {
    return this.#changes
  }

  async noteChange (): Promise<void> {
    await this.root.store.signals.publish(channel, {})
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

  /**
   * The realm as it is now, whichever replica was told so.
   *
   * @throws {NoSuchRealm} 404
   */
  async find (name: string): Promise<Realm> {
    if (this.#config.lab) await this.root.revisions.catchUp()
    const realm = this.get(name)
    if (this.#config.lab && name !== '') await realm.revisions.catchUp()
    return realm
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
    this.#kept.prepare(name)
    const realm = await this.#open(name, seed)
    let kept: KeptRealm
    try {
      for (const client of seed.clients) await realm.checkClient(client)
      kept = await this.#kept.add(name, seed)
    } catch (error) {
      await realm.remove()
      throw error
    }
    if (kept.seed === seed) return this.#addKept(kept, realm)
    await realm.close()
    return this.#addKept(kept, await this.#open(name, kept.seed))
  }

  #addKept ({ name, id }: KeptRealm, realm: Realm): Realm {
    this.#ids.set(name, id)
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
    this.#ids.delete(name)
    const removing = this.#kept.remove(name).then(() => realm.remove())
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
    await removing
    await this.root.store.signals.publish(channel, { isReset: true })
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
    this.#unsubscribe()
    await Promise.all(this.all.map(realm => realm.close()))
    this.#unlock()
  }
}
