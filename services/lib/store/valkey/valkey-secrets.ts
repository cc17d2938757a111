import { damaged, StateError } from '../state-error.ts'
import type { Secrets } from '../store.ts'
import type { ValkeySpace } from './valkey-space.ts'

/** Secrets as fields of a hash. */
export class ValkeySecrets implements Secrets {
  readonly #space: ValkeySpace
  readonly #hash: string

  constructor (space: ValkeySpace) {
    this.#space = space
    this.#hash = space.keyOf('secrets')
  }

  async keep<T> (name: string, make: () => T | Promise<T>, isWhole: (kept: T) => boolean = () => true): Promise<T> {
    if (await this.#read(name) === null) {
      const made = JSON.stringify(await make())
      await this.#space.run(client => client.hsetnx(this.#hash, name, made))
    }
    return this.#parse(name, await this.#read(name), isWhole)
  }

  async change<T> (name: string, change: (kept: T) => T): Promise<T> {
    for (;;) {
      const old = await this.#read(name)
      const changed = change(this.#parse<T>(name, old))
      if (await this.#space.run(client => client.storeChangeSecret(this.#hash, name, old!, JSON.stringify(changed))) === 1) return changed
    }
  }

  #read (name: string): Promise<string | null> {
    return this.#space.run(client => client.hget(this.#hash, name))
  }

  #parse<T> (name: string, json: string | null, isWhole: (kept: T) => boolean = () => true): T {
    const where = `${name} in ${this.#hash} of the store`
    if (json === null) throw new StateError(where, 'is gone: start again to make a new one')
    try {
      const kept = JSON.parse(json) as T
      if (isWhole(kept)) return kept
    } catch (error) {
      throw damaged(where, error)
    }
    throw damaged(where)
  }
}
