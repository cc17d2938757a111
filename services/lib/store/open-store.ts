import { DatabaseSync } from 'node:sqlite'
import { SqliteStore } from './sqlite/sqlite-store.ts'
import { stateErrorOf } from './state-error.ts'
import { makePrivate } from './state-folder.ts'
import type { Store } from './store.ts'

/**
 * Open the store, making it where there is none.
 *
 * @param file path of an SQLite file, or `:memory:`
 * @throws {StateError} where the file is damaged, locked, or cannot be written
 */
export function openStore (file: string): Store {
  // What SQLite puts beside it is for the same eyes.
  if (file !== ':memory:') makePrivate(file)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    return new SqliteStore(database, file)
  } catch (error) {
    database?.close()
    throw stateErrorOf(file, error) ?? error
  }
}
