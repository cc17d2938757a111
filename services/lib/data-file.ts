import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { ErrorObject } from 'ajv'
import { load, YAMLException } from 'js-yaml'
import { adviceOn } from './likely-names.ts'
import type { Static, TArray } from './schema.ts'
import { nearestErrors, ofValues } from './validation.ts'

/** A mistake in a file of users, clients or deployments, in words for the person who edits it. */
export class DataFileError extends Error {
  override name = 'DataFileError'
  constructor (file: string, mistakes: string[]) {
    const howMany = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
    super(`${basename(file)} has ${howMany}:\n${mistakes.map(line => `  ${line}`).join('\n')}`)
  }
}

/**
 * Read a YAML list of entries.
 *
 * `${NAME}` in a value stands for the setting of that name.
 *
 * @param file path of the file
 * @param options.entries schema of the list; defaults in it are filled in
 * @param options.key the field by which messages call an entry
 * @param options.unique fields in which no two entries may be the same; `key` where not said
 * @param options.settings what `${NAME}` may refer to
 * @throws {DataFileError} naming the file and, for each mistake, the entry and the field
 */
export function readDataFile<T extends TArray> (file: string, options: {
  entries: T
  key: string
  unique?: string[]
  settings?: Record<string, string | number | boolean>
}): Static<T> {
  const document = parse(file, read(file))
  const mistakes: string[] = []
  const entries: unknown = resolve(document, [], options.settings ?? {}, (path, name) => {
    mistakes.push(`${place(document, path, options.key)} refers to the setting ${name}, which there is not`)
  })

  const validate = ofValues.compile(options.entries)
  if (!validate(entries)) {
    for (const error of nearestErrors(validate.errors ?? [])) mistakes.push(describe(error, entries, options.key))
  }
  if (mistakes.length === 0) {
    for (const field of options.unique ?? [options.key]) {
      const seen = new Set<unknown>()
      for (const [index, entry] of (entries as Record<string, unknown>[]).entries()) {
        if (seen.has(entry[field])) mistakes.push(`${place(entries, [String(index), field], options.key)}: is there twice`)
        seen.add(entry[field])
      }
    }
  }
  if (mistakes.length > 0) throw new DataFileError(file, mistakes)
  return entries as Static<T>
}

function read (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new DataFileError(file, [`it cannot be read: ${(error as Error).message}`])
  }
}

function parse (file: string, text: string): unknown {
  try {
    return load(text)
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const { reason, mark } = error
    throw new DataFileError(file, [mark ? `${reason}, at line ${mark.line + 1}, column ${mark.column + 1}` : reason])
  }
}

function resolve (
  value: unknown,
  path: string[],
  settings: Record<string, string | number | boolean>,
  onUnknown: (path: string[], name: string) => void
): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Z][A-Z0-9_]*)\}/g, (reference, name: string) => {
      const setting = settings[name]
      if (setting === undefined) onUnknown(path, name)
      return String(setting ?? reference)
    })
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => resolve(item, [...path, String(index)], settings, onUnknown))
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(
      ([name, item]) => [name, resolve(item, [...path, name], settings, onUnknown)]))
  }
  return value
}

function describe (error: ErrorObject, entries: unknown, key: string): string {
  const path = error.instancePath.split('/').slice(1)
  if (error.keyword === 'additionalProperties') {
    return `${place(entries, [...path, String(error.params.additionalProperty)], key)}: is not a field of an entry${adviceOn(String(error.params.additionalProperty), Object.keys(fieldsOf(error)))}`
  }
  if (error.keyword === 'required') {
    return `${place(entries, [...path, String(error.params.missingProperty)], key)}: is missing`
  }
  const words = error.keyword === 'pattern' && (error.parentSchema as { description?: string } | undefined)?.description
  return `${place(entries, path, key)}: ${words ? `must be ${words}` : error.message}`
}

const fieldsOf = ({ parentSchema }: ErrorObject) => (parentSchema as { properties?: object } | undefined)?.properties ?? {}

function place (entries: unknown, path: string[], key: string): string {
  const [index, ...field] = path
  if (index === undefined) return 'the list'
  const entry: unknown = Array.isArray(entries) ? entries[Number(index)] : undefined
  const identity = entry !== null && typeof entry === 'object' && key in entry
    ? ` (${(entry as Record<string, unknown>)[key]})`
    : ''
  return `entry ${Number(index) + 1}${identity}${field.length > 0 ? `, field ${field.join('.')}` : ''}`
}
