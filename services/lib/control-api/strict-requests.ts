import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { compileOnFirstUse, createAjv } from '../validation/compile.ts'
import { ofValues } from '../validation/validator.ts'

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
    route.schema.querystring = { type: 'object', properties: {}, ...route.schema.querystring as object | undefined, additionalProperties: false }
  })
  app.setValidatorCompiler(compileSchema)
}
