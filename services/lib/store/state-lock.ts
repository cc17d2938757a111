import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { locked, stateErrorOf } from './state-error.ts'
import { makePrivate } from './state-folder.ts'

/**
 * Have a state folder for this process alone: what it holds in memory would not see what another one changes. The lock is the
 * system's, so it ends with the process, however that ends.
 *
 * @param folder as `openStateFolder` returns it
 * @returns lets go of it
 * @throws {StateError} where another process has it
 */
export function lockStateFolder (folder: string): () => void {
  const file = join(folder, 'lock')
  let database: DatabaseSync | undefined
  makePrivate(file)
  try {
    database = new DatabaseSync(file)
    database.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    throw (error as { errcode?: number }).errcode === 5 ? locked(folder, error) : stateErrorOf(file, error) ?? error
  }
  const held = database
  return () => held.close()
}
