import createError from '@fastify/error'
import { Type, type TSchema } from 'typebox'
import { labError } from '#lib/lab-clock.ts'

/** The schemas of what a route answers: 200 as said, and errors as everywhere under `/lab`. */
export const answers = <T extends TSchema>(ok: T) => ({ 200: ok, 400: labError, 403: labError, 404: labError })

/** The schemas of what a route answers that has nothing to say when all went well. */
export const noAnswer = { 204: Type.Null({ description: 'Done.' }), 400: labError, 403: labError, 404: labError }

/** 404: what the path names is not there. */
export const NotThere = createError('NOT_THERE', 'There is no %s “%s” here.', 404)

/** 409: what is asked for cannot be done as things are. */
export const InTheWay = createError('IN_THE_WAY', '%s', 409)

/** 400: the body is well formed, but what it asks for cannot be. */
export const Impossible = createError('IMPOSSIBLE', '%s', 400)

/** Members by which a body may change an entry, all optional and without defaults: what is left out stays. */
export function changesOf<T extends Record<string, TSchema>> (fields: T) {
  const withoutDefaults = Object.entries(fields).map(([name, { default: _unused, ...field }]: [string, TSchema & { default?: unknown }]) => [name, Type.Optional(field)])
  return Type.Object(Object.fromEntries(withoutDefaults) as { [K in keyof T]: ReturnType<typeof Type.Optional<T[K]>> }, { additionalProperties: false })
}
