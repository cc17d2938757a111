import { readFileSync } from 'node:fs'
import util from 'node:util'

/** What files had for settings. */
interface SettingFiles {
  /** by the setting's name */
  values: Record<string, string>
  /** the path that a value is from, by the setting's name */
  paths: Record<string, string>
  /** what is wrong, a line by the setting's name */
  problems: Map<string, string>
}

/**
 * Read the settings that are given as `<NAME>_FILE`, the path of a file with the value, as Docker and Compose hand out
 * secrets. One newline at the end of a file, which editors and `echo` put there, is no part of the value.
 *
 * @param names the settings that may be given so
 * @param env what is set, without empty values
 * @see https://docs.docker.com/compose/how-tos/use-secrets/
 */
export function readSettingFiles (names: string[], env: NodeJS.ProcessEnv): SettingFiles {
  const files: SettingFiles = { values: {}, paths: {}, problems: new Map() }
  for (const name of names) {
    const path = env[`${name}_FILE`]
    if (path === undefined) continue
    if (env[name] !== undefined) {
      files.problems.set(name, `${name}: is set, and so is ${name}_FILE; unset one of them`)
      continue
    }
    try {
      const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
      if (value === '') files.problems.set(name, `${name}_FILE: ${path} is empty`)
      files.values[name] = value
      files.paths[name] = path
    } catch (error) {
      files.problems.set(name, `${name}_FILE: ${path} cannot be read: ${reasonOf(error)}`)
    }
  }
  return files
}

/** The system's words alone: those of Node have the path once more, or not at all. */
function reasonOf (error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException
  return errno === undefined ? message : util.getSystemErrorMessage(errno)
}
