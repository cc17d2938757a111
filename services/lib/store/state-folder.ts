import { randomBytes } from 'node:crypto'
import { chmodSync, closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { damaged, StateError, stateErrorOf } from './state-error.ts'

/**
 * Make the folder in which a service keeps what outlives it, for its user's eyes only.
 *
 * @param folder may be relative to the working directory
 * @returns the folder's path, absolute
 * @throws {StateError} where it cannot be made
 */
export function openStateFolder (folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StateError(`the state folder ${folder}`, `cannot be made: set STATE_DIR to one that can. ${(error as Error).message}`, { cause: error })
  }
  return resolve(folder)
}

/**
 * Read a secret that was made at the first start, or make it now.
 *
 * The file appears whole or not at all, also when two processes start at once or one is killed on the way: it is written
 * beside its place and linked into it.
 *
 * @param make what a new one is, anything that JSON can carry
 * @param isWhole whether what is kept is such a thing
 * @throws {StateError} where the file is damaged, or cannot be read or written
 */
export async function keep<T> (
  folder: string, file: string, make: () => T | Promise<T>, isWhole: (kept: T) => boolean = () => true
): Promise<T> {
  const path = join(openStateFolder(folder), file)
  return readKept(path, isWhole) ?? await keepNew(path, await make(), isWhole)
}

async function keepNew<T> (path: string, value: T, isWhole: (kept: T) => boolean): Promise<T> {
  const draft = writeDraft(path, value)
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw stateErrorOf(path, error) ?? error
  } finally {
    rmSync(draft)
  }
  syncFolder(dirname(path))
  return readKept(path, isWhole)!
}

/**
 * Replace what `keep` has kept. The file is the old one or the new one at any moment, never a part.
 *
 * @throws {StateError} where it cannot be written, and where the folder is gone: nothing is to be left behind of what was removed
 */
export function keepInstead (folder: string, file: string, value: unknown): void {
  const path = join(folder, file)
  const draft = writeDraft(path, value)
  try {
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw stateErrorOf(path, error) ?? error
  }
  syncFolder(folder)
}

/**
 * Change what `keep` has kept, in one step for all of this process.
 *
 * @returns what it is now
 * @throws {StateError} where it is not there, damaged, or cannot be written
 */
export function changeKept<T> (folder: string, file: string, change: (kept: T) => T): T {
  const path = join(folder, file)
  const kept = readKept<T>(path, () => true)
  if (kept === undefined) throw new StateError(path, 'is gone: start again to make a new one')
  const changed = change(kept)
  keepInstead(folder, file, changed)
  return changed
}

/** Written beside its place, and on the disk: a machine that loses power would else find a name with nothing behind it. */
function writeDraft (path: string, value: unknown): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, JSON.stringify(value, null, 2), { mode: 0o600, flush: true })
  } catch (error) {
    rmSync(draft, { force: true })
    throw stateErrorOf(path, error) ?? error
  }
  return draft
}

/** Have the names in a folder reach the disk too. On Windows a folder cannot be opened for that, and need not be. */
function syncFolder (folder: string): void {
  if (process.platform === 'win32') return
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

/** Make a file where there is none, and have it for the eyes of this user only. */
export function makePrivate (file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
  } catch (error) {
    throw stateErrorOf(file, error) ?? error
  }
}

function readKept<T> (path: string, isWhole: (kept: T) => boolean): T | undefined {
  const text = readIfThere(path)
  if (text === undefined) return undefined
  try {
    const kept = JSON.parse(text) as T
    if (isWhole(kept)) return kept
  } catch (error) {
    throw damaged(path, error)
  }
  throw damaged(path)
}

function readIfThere (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw stateErrorOf(path, error) ?? error
  }
}
