import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stateErrorOf } from '../state-error.ts'
import { makePrivate, openStateFolder } from '../state-folder.ts'
import { SqliteStore } from './sqlite-store.ts'

/**
 * @param name its first part is the name of the file; what follows a slash has a folder of its own
 * @throws {StateError} where the file is damaged, locked, or cannot be written
 */
export function openSqliteStore (name: string, stateFolder: string): SqliteStore {
  const folder = openStateFolder(stateFolder)
  const file = join(folder, `${name.split('/')[0]}.sqlite`)
  // What SQLite puts beside it is for the same eyes.
  makePrivate(file)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    return new SqliteStore(database, { file, folder })
  } catch (error) {
    database?.close()
    throw stateErrorOf(file, error) ?? error
  }
}
