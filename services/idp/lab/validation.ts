import type { ErrorObject } from 'ajv'
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { compileOnFirstUse, createAjv, ofValues } from '#lib/validation.ts'

// A query is text and has to be read as what it stands for. A body is JSON and has types of its own, which Fastify's own
// compiler would turn into others; it would also drop members that it does not know.
const ofTexts = createAjv({ coerceTypes: 'array' })

/** How requests to the control API are checked. */
export const compileSchema: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  compileOnFirstUse(() => (httpPart === 'body' ? ofValues : ofTexts).compile(schema))

const deepest = 100

/** Whether a body is nested deeper than what keeps it or sends it could follow. */
export const isTooDeep = (value: unknown, depth = 0): boolean => typeof value === 'object' && value !== null &&
  (depth > deepest || Object.values(value).some(member => isTooDeep(member, depth + 1)))

/** Names each part of a request that is wrong, and how. */
export function describeMistakes (errors: FastifySchemaValidationError[], part: string): Error {
  return new Error(errors.map(error => describe(error as ErrorObject, part)).join('; '))
}

function describe ({ instancePath, keyword, message, params }: ErrorObject, part: string): string {
  const place = [part, ...instancePath.split('/').slice(1)]
  switch (keyword) {
    case 'additionalProperties':
      return `${[...place, params.additionalProperty].join('.')}: there is no such member, or not with this name`
    case 'required': return `${[...place, params.missingProperty].join('.')}: is missing`
    case 'enum': return `${place.join('.')}: ${message} (${params.allowedValues.join(', ')})`
    default: return `${place.join('.')}: ${message}`
  }
}
