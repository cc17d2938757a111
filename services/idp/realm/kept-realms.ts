import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import createError from '@fastify/error'
import { StateError } from '#lib/store/state-error.ts'
import { keepInstead } from '#lib/store/state-folder.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import { openTurns } from '#lib/store/turns.ts'
import type { Seed } from './realm.ts'

/** 409 */
export const TooManyRealms = createError('TOO_MANY_REALMS', 'there are %s realms already: remove some, or have more by MAX_REALMS', 409)

/** A realm that is kept over a restart. */
export interface KeptRealm {
  name: string
  /** another one where it was removed and made anew */
  id: string
  /** how it began */
  seed: Seed
}

/** Which realms there are beside the one at the root. */
export interface KeptRealms {
  read (): Promise<KeptRealm[]>
  /** Make room for what a realm of this name keeps. */
  prepare (name: string): void
  /**
   * To be called last, when the realm is whole: what a killed process leaves half made is not taken for a realm.
   *
   * @returns the one that is kept: of several replicas that make one of this name at once, the first wins
   * @throws {TooManyRealms} where other replicas have made as many as there may be
   */
  add (name: string, seed: Seed): Promise<KeptRealm>
  /** To be called first of all, so that what is left half removed is not taken for a realm either. */
  remove (name: string): Promise<void>
}

const seedFile = 'realm.json'

/** Realms of one process, each in a folder. */
export class RealmFolders implements KeptRealms {
  readonly #folder: string

  constructor (folder: string) {
    this.#folder = folder
  }

  async read (): Promise<KeptRealm[]> {
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder).flatMap(name => {
      const file = join(this.#folder, name, seedFile)
      if (existsSync(file)) return { name, id: randomUUID(), seed: readSeed(file) }
      rmSync(join(this.#folder, name), { recursive: true, force: true })
      return []
    })
  }

  prepare (name: string): void {
    rmSync(join(this.#folder, name), { recursive: true, force: true })
  }

  async add (name: string, seed: Seed): Promise<KeptRealm> {
    keepInstead(join(this.#folder, name), seedFile, seed)
    return { name, id: randomUUID(), seed }
  }

  async remove (name: string): Promise<void> {
    rmSync(join(this.#folder, name, seedFile), { force: true })
  }
}

function readSeed (file: string): Seed {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Seed
  } catch (error) {
    throw new StateError(file, 'cannot be read: mend it, or delete the folder that it is in', { cause: error })
  }
}

const all = 'realm'

/** Realms of several replicas, in the store that they share. */
export class SharedRealms implements KeptRealms {
  readonly #realms: Collection<KeptRealm>
  readonly #maxRealms: number
  readonly #inTurn: ReturnType<typeof openTurns>

  constructor (store: Store, maxRealms: number) {
    this.#realms = store.collection('realm')
    this.#maxRealms = maxRealms
    this.#inTurn = openTurns(store, 'realm-turn')
  }

  read (): Promise<KeptRealm[]> {
    return this.#realms.tagged(all)
  }

  prepare (): void {}

  async add (name: string, seed: Seed): Promise<KeptRealm> {
    return this.#inTurn('add', async () => {
      const there = await this.#realms.get(name)
      if (there) return there
      if (await this.#realms.countTagged(all) >= this.#maxRealms) throw new TooManyRealms(this.#maxRealms)
      const made = { name, id: randomUUID(), seed }
      await this.#realms.set(name, made, { tags: [all] })
      return made
    })
  }

  remove (name: string): Promise<void> {
    return this.#realms.delete(name)
  }
}
