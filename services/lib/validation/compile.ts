import { createRequire } from 'node:module'
import { Ajv, type Options, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyServerOptions } from 'fastify'

type Compilers = Required<NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>>

const require = createRequire(import.meta.url)

/** What holds for every validator, Fastify's own too. */
export const ajvOptions = {
  // Ajv's check of a schema takes longer than to compile most of them, and ours change with the code alone.
  validateSchema: false,
  // Digits without end are read as infinity, which is to be held against a maximum as any number is.
  strictNumbers: false,
  // An error comes with the schema and the value that it is about, from which `words.ts` has its own in place of Ajv's.
  verbose: true,
  messages: false
}

/** Ajv with the formats of JSON Schema, which names everything that is wrong, and fills in defaults. */
export function createAjv (options: Options = {}): Ajv {
  // To optimise the code takes as long as to compile it, and most of it runs once.
  const ajv = new Ajv({ ...ajvOptions, allErrors: true, useDefaults: true, code: { optimize: false }, ...options })
  addFormats.default(ajv)
  return ajv
}

/**
 * Lazy compilation: a validator that is compiled when it is first asked. Most routes of a run are never asked, and their
 * schemas would take most of the time that a service takes to start.
 *
 * @param compile what makes it
 */
export function compileOnFirstUse (compile: () => ValidateFunction): ValidateFunction {
  let compiled: ValidateFunction | undefined
  const validate = ((value: unknown) => {
    compiled ??= compile()
    const isValid = compiled(value)
    // Fastify looks for them at the function.
    validate.errors = compiled.errors ?? null
    return isValid
  }) as ValidateFunction
  return validate
}

/** The compilers that Fastify itself uses, loaded and run when a schema is first needed. */
export const lazyCompilers: Compilers = {
  buildValidator: ((schemas: unknown, options: unknown) => {
    let compile: ((route: unknown) => ValidateFunction) | undefined
    return (route: unknown) => compileOnFirstUse(() => {
      compile ??= require('@fastify/ajv-compiler')()(schemas, options) as typeof compile
      return compile!(route)
    })
  }) as Compilers['buildValidator'],

  buildSerializer (schemas, options) {
    let compile: ReturnType<Compilers['buildSerializer']> | undefined
    return route => {
      let serialize: ReturnType<NonNullable<typeof compile>> | undefined
      return value => {
        compile ??= require('@fastify/fast-json-stringify-compiler')()(schemas, options) as typeof compile
        serialize ??= compile!(route)
        return serialize(value)
      }
    }
  }
}
