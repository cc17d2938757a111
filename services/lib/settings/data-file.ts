import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { load, YAMLException } from 'js-yaml'
import type { Static, TArray, TObject } from '../validation/schema.ts'
import { mistakesIn } from '../validation/validator.ts'
import { words } from '../validation/words.ts'

/** A mistake in a file of users, clients, deployments or of a brand, in words for the person who edits it. */
export class DataFileError extends Error {
  override name = 'DataFileError'
  constructor (file: string, mistakes: string[]) {
    const howMany = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
    super(`${basename(file)} has ${howMany}:\n${mistakes.map(line => `  ${line}`).join('\n')}`)
  }
}

/** What is wrong with a field of an entry, beyond its schema. */
export interface FieldMistake {
  path: string[]
  mistake: string
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
 * @param options.spellings how to bring those of them that can be written in several ways to the one by which they are compared
 * @param options.settings what `${NAME}` may refer to
 * @param options.mistakesIn what else is wrong with an entry that fits its schema
 * @throws {DataFileError} naming the file and, for each mistake, the entry and the field
 */
export function readDataFile<T extends TArray> (file: string, options: {
  entries: T
  key: string
  unique?: string[]
  spellings?: Record<string, (value: string) => string>
  settings?: Record<string, string | number | boolean>
  mistakesIn?: (entry: Static<T>[number]) => FieldMistake[]
}): Static<T> {
  const document = parse(file, read(file))
  const mistakes: string[] = []
  const entries: unknown = resolve(document, [], options.settings ?? {}, (path, name) => {
    mistakes.push(`${place(document, path, options.key)} refers to the setting ${name}, which there is not`)
  })

  for (const { path, words } of mistakesIn(options.entries, entries)) mistakes.push(`${place(entries, path, options.key)}: ${words}`)
  if (mistakes.length === 0) {
    for (const field of options.unique ?? [options.key]) {
      const seen = new Set<unknown>()
      for (const [index, entry] of (entries as Record<string, unknown>[]).entries()) {
        const value = options.spellings?.[field]?.(String(entry[field])) ?? entry[field]
        if (seen.has(value)) mistakes.push(`${place(entries, [String(index), field], options.key)}: ${words.twice}`)
        seen.add(value)
      }
    }
    for (const [index, entry] of (entries as Static<T>).entries()) {
      for (const { path, mistake } of options.mistakesIn?.(entry) ?? []) {
        mistakes.push(`${place(entries, [String(index), ...path], options.key)}: ${mistake}`)
      }
    }
  }
  if (mistakes.length > 0) throw new DataFileError(file, mistakes)
  return entries as Static<T>
}

/**
 * Read a YAML document of fields.
 *
 * @param file path of the file
 * @param options.schema schema of the document; defaults in it are filled in
 * @param options.check what else is wrong with a document that fits the schema, a line each
 * @throws {DataFileError} naming the file and the place of each mistake
 */
export function readDataDocument<T extends TObject> (file: string, { schema, check }: {
  schema: T
  check: (document: Static<T>) => string[]
}): Static<T> {
  const document = parse(file, read(file))
  const misfits = mistakesIn(schema, document).map(({ path, words }) => `${placeInDocument(document, path)}: ${words}`)
  const mistakes = misfits.length > 0 ? misfits : check(document as Static<T>)
  if (mistakes.length > 0) throw new DataFileError(file, mistakes)
  return document as Static<T>
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

function place (entries: unknown, path: string[], key: string): string {
  const [index, ...field] = path
  if (index === undefined) return 'the list'
  const entry: unknown = Array.isArray(entries) ? entries[Number(index)] : undefined
  const identity = entry !== null && typeof entry === 'object' && key in entry
    ? ` (${(entry as Record<string, unknown>)[key]})`
    : ''
  return `entry ${Number(index) + 1}${identity}${field.length > 0 ? `, field ${field.join('.')}` : ''}`
}

/** As `offers.items, entry 2 (moonrise), title`: entries of lists are counted from one, and called by what they are called there. */
function placeInDocument (document: unknown, path: string[]): string {
  if (path.length === 0) return 'the file'
  let value = document
  let afterEntry = false
  return path.map((name, index) => {
    const isEntry = Array.isArray(value)
    value = (value as Record<string, unknown> | null | undefined)?.[name]
    const separator = index === 0 ? '' : isEntry || afterEntry ? ', ' : '.'
    afterEntry = isEntry
    if (!isEntry) return separator + name
    const { id } = Object(value) as { id?: unknown }
    return `${separator}entry ${Number(name) + 1}${typeof id === 'string' ? ` (${id})` : ''}`
  }).join('')
}
