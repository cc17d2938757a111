import { changeKept, keep } from '../state-folder.ts'
import type { Secrets } from '../store.ts'

/** Secrets as files of JSON in the state folder. */
export class FileSecrets implements Secrets {
  readonly #folder: string

  /** @param folder as `openStateFolder` returns it */
  constructor (folder: string) {
    this.#folder = folder
  }

  keep<T> (name: string, make: () => T | Promise<T>, isWhole?: (kept: T) => boolean): Promise<T> {
    return keep(this.#folder, `${name}.json`, make, isWhole)
  }

  async change<T> (name: string, change: (kept: T) => T): Promise<T> {
    return changeKept(this.#folder, `${name}.json`, change)
  }
}
