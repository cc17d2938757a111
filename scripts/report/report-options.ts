import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { UsageError } from '#lib/settings/command-line.ts'

/** Options of every command that prints a report. */
export const reportOptions = { json: { type: 'boolean', default: false } } as const

/** The lab's settings, which are public. */
export function readLabSettings (): NodeJS.ProcessEnv {
  return readSettings(join(import.meta.dirname, '..', '..', 'services', 'lab.env'))
}

/**
 * A file of settings, `NAME=value` in lines.
 *
 * @throws {UsageError} where it cannot be read
 */
export function readSettings (path: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`The file of settings cannot be read: ${(error as Error).message}`)
  }
}
