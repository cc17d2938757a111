import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Make the folder in which a service keeps what outlives it, for its user's eyes only.
 *
 * @param folder may be relative to the working directory
 * @returns the folder's path, absolute
 * @throws {Error} in words, where it cannot be made
 */
export function openStateFolder (folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`the state folder ${folder} cannot be made (STATE_DIR): ${(error as Error).message}`, { cause: error })
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
 */
export async function keep<T> (folder: string, file: string, make: () => T | Promise<T>): Promise<T> {
  const path = join(openStateFolder(folder), file)
  const kept = readIfThere(path)
  if (kept !== undefined) return JSON.parse(kept) as T

  const draft = writeDraft(path, await make())
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return JSON.parse(readFileSync(path, 'utf8')) as T
}

/**
 * Replace what `keep` has kept. The file is the old one or the new one at any moment, never a part.
 *
 * @throws {Error} where the folder is gone: nothing is to be left behind of what was removed
 */
export function keepInstead (folder: string, file: string, value: unknown): void {
  const path = join(folder, file)
  renameSync(writeDraft(path, value), path)
}

function writeDraft (path: string, value: unknown): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, JSON.stringify(value, null, 2), { mode: 0o600 })
  return draft
}

function readIfThere (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
