import type { ErrorObject } from 'ajv'
import type { FastifySchemaValidationError } from 'fastify'
import { createAjv } from './compile.ts'
import { nearestErrors } from './nearest-errors.ts'
import type { TSchema } from './schema.ts'
import { words, wordsFor } from './words.ts'

/** One thing that is wrong with a value, and where. */
export interface Mistake {
  /** names of members, and indexes of entries, from the outermost to the one that is wrong, or missing */
  path: string[]
  /** without the path; they quote no value, which may be a secret */
  words: string
}

/** For what has types of its own, as JSON and YAML have. */
export const ofValues = createAjv()

/**
 * Check a value that has types of its own, and fill in the defaults of the schema.
 *
 * @param schema compiled when it is first seen
 * @returns what is wrong, in the same words wherever the value is from; nothing where it fits
 */
export function mistakesIn (schema: TSchema, value: unknown): Mistake[] {
  const validate = ofValues.compile(schema)
  return validate(value) ? [] : mistakesOf(validate.errors!)
}

export const isMissing = (mistake: Mistake): boolean => mistake.words === words.missing

// An answer is not to be many times as long as what was sent, nor to take long to make: so many of Ajv's errors are looked at.
const maxErrors = 1_000
const maxMistakes = 20
const maxNameLength = 100

function mistakesOf (errors: ErrorObject[], { isQuery = false } = {}): Mistake[] {
  const mistakes = nearestErrors(errors.slice(0, maxErrors)).map(error => ({ path: pathOf(error), words: isQuery && isRepeated(error) ? words.repeated : wordsFor(error) }))
  // Of a constant both its value and its type are wrong.
  return [...new Map(mistakes.map(mistake => [JSON.stringify(mistake), mistake])).values()]
}

// A parameter that is given several times is read as an array.
const isRepeated = ({ keyword, data }: ErrorObject) => Array.isArray(data) && ['type', 'const', 'enum'].includes(keyword)

function pathOf ({ instancePath, params }: ErrorObject): string[] {
  const path = instancePath.split('/').slice(1).map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const { missingProperty, additionalProperty } = params as { missingProperty?: string, additionalProperty?: string }
  return [...path, missingProperty ?? additionalProperty ?? []].flat()
    .map(name => name.length > maxNameLength ? `${name.slice(0, maxNameLength)}…` : name)
}

/** Mistakes in one line, each behind its path, whose first steps may be given. */
export function sentenceOf (mistakes: Mistake[], ...root: string[]): string {
  const said = mistakes.slice(0, maxMistakes).map(({ path, words }) => `${[...root, ...path].join('.')}: ${words}`)
  return [...said, ...(mistakes.length > maxMistakes ? [`and ${mistakes.length - maxMistakes} more`] : [])].join('; ')
}

/** Fastify's `schemaErrorFormatter`: says what is wrong with a part of a request. */
export function describeRequest (errors: FastifySchemaValidationError[], part: string): Error {
  const mistakes = mistakesOf(errors as ErrorObject[], { isQuery: part === 'querystring' })
  return new Error(sentenceOf(mistakes, { querystring: 'query', params: 'path' }[part] ?? part))
}
