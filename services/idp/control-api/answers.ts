import createError from '@fastify/error'
import type { RouteOptions } from 'fastify'
import { jsonError } from '#lib/control-api/json-errors.ts'
import { adviceOn } from '#lib/validation/likely-names.ts'
import { Type, type TSchema } from '#lib/validation/schema.ts'

const refused = (description: string) => Type.Object(jsonError.properties, { description })

const refusals = {
  400: refused('What was sent is not what this takes.'),
  403: refused('A page of another site has sent it, or it was sent to another host name.'),
  404: refused('What the path names is not there, such as the realm.')
}

const refusalsOfChanges = {
  413: refused('It is too much.'),
  415: refused('It is not JSON.'),
  503: refused('It could not be kept, e.g. as the disk is full. Nothing is changed.')
}

/** Add to the schema of a route what every other one of its kind answers as well. */
export function addCommonRefusals ({ method, schema }: RouteOptions): void {
  if (!schema?.response) return
  schema.response = { ...refusals, ...(method !== 'GET' && refusalsOfChanges), ...schema.response }
}

/** The schemas of what a route answers: 200 as said, beside what all answer. */
export const answers = <T extends TSchema>(ok: T) => ({ 200: ok })

/** The schemas of what a route answers that has nothing to say when all went well. */
export const noAnswer = { 204: Type.Null({ description: 'Done.' }) }

/** The schema of a 409, for routes that have one. */
export const conflictSchema = { 409: refused('As things are, it cannot be done.') }

const NotFound = createError('NOT_FOUND', '%s', 404)

/**
 * 404: what the path names is not there.
 *
 * @param names of those that are, one of which may have been meant
 */
export const notFound = (kind: string, name: string, names: string[]) =>
  new NotFound(`There is no ${kind} “${name}” here${adviceOn(name, names) || '.'}`)

/** 409: what is asked for cannot be done as things are. */
export const Conflict = createError('CONFLICT', '%s', 409)

/** 400: the body is well formed, but what it asks for cannot be. */
export const Impossible = createError('IMPOSSIBLE', '%s', 400)

/**
 * A member of the body of a `PUT` that the path names already, so that what a `GET` answers can be sent back.
 *
 * @throws 400 where they differ
 */
export function checkAgainstPath (member: string, said: string | undefined, named: string): void {
  if (said !== undefined && said !== named) throw new Impossible(`body.${member}: is ${said}, and by the path it is ${named}.`)
}

/** Members by which a body may change an entry, all optional and without defaults: what is left out stays. */
export function changesOf<T extends Record<string, TSchema>> (fields: T, options: { examples?: object[] } = {}) {
  const withoutDefaults = Object.entries<TSchema & { default?: unknown }>(fields).map(([name, { default: _unused, ...field }]) =>
    [name, Type.Optional(field)])
  const members = Object.fromEntries(withoutDefaults) as { [K in keyof T]: ReturnType<typeof Type.Optional<T[K]>> }
  return Type.Object(members, { ...options, additionalProperties: false })
}
