import type { ErrorObject } from 'ajv'
import type { FastifyInstance, FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { adviceOn, likelyNames } from './likely-names.ts'
import { compileOnFirstUse, createAjv, nearestErrors, ofValues } from './validation.ts'

type Schema = Record<string, unknown> & { properties?: object, description?: string }

// A query is text and has to be read as what it stands for. A body is JSON and has types of its own, which Fastify's own
// compiler would turn into others; it would also drop members that it does not know.
const ofTexts = createAjv({ coerceTypes: 'array' })

const compileSchema: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  compileOnFirstUse(() => (httpPart === 'body' ? ofValues : ofTexts).compile(schema))

/**
 * Have what is sent to a control API be refused unless all of it is understood, in words that say what was meant perhaps: a
 * test that asks for something else than it means would pass for the wrong reason.
 *
 * @param app whose routes registered from now on are meant
 */
export function checkStrictly (app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    route.schema ??= {}
    route.schema.querystring = { type: 'object', properties: {}, ...route.schema.querystring as Schema | undefined, additionalProperties: false }
  })
  app.setValidatorCompiler(compileSchema)
  app.setSchemaErrorFormatter(describeMistakes)
}

/** Names each part of a request that is wrong, and how. */
export function describeMistakes (errors: FastifySchemaValidationError[], part: string): Error {
  const place = { querystring: 'query', params: 'path' }[part] ?? part
  return new Error([...new Set(nearestErrors(errors as ErrorObject[]).map(error => describe(error, place)))].join('; '))
}

function describe ({ instancePath, keyword, message, params, parentSchema = {}, data }: ErrorObject, part: string): string {
  const steps = instancePath.split('/').slice(1).map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const at = (...more: string[]) => [part, ...steps, ...more].join('.')
  const { description, properties, patternProperties } = parentSchema as Schema
  const isQuery = part === 'query'
  switch (keyword) {
    case 'additionalProperties': {
      const name = String(params['additionalProperty'])
      if (patternProperties) return `${at(name)}: there can be none of this name${description ? ` (${description})` : ''}`
      const names = Object.keys(properties ?? {})
      return names.length === 0
        ? `${at(name)}: there is no such ${isQuery ? 'parameter, and no other' : 'member, and no other'}`
        : `${at(name)}: there is no such ${isQuery ? 'parameter' : 'member'}${adviceOn(name, names)}`
    }
    case 'required': return `${at(String(params['missingProperty']))}: is missing`
    case 'enum': {
      const values = (params['allowedValues'] as unknown[]).map(String)
      const [likely] = likelyNames(String(data), values)
      return `${at()}: must be one of ${values.join(', ')}${likely === undefined ? '' : `; did you mean ${likely}?`}`
    }
    case 'const': return `${at()}: can be ${params['allowedValue']} alone`
    case 'pattern': return `${at()}: is malformed; it must be ${description}`
    case 'type': return isQuery && Array.isArray(data) ? `${at()}: is given more than once` : `${at()}: ${message}`
    default: return `${at()}: ${message}`
  }
}
