import type * as TypeBox from 'typebox'

export type { Static, TArray, TObject, TProperties, TSchema, TStringOptions } from 'typebox'

type Schema = Record<string, unknown>
type Builders = Pick<typeof TypeBox.Type,
  'Array' | 'Boolean' | 'Enum' | 'Integer' | 'Literal' | 'Never' | 'Null' | 'Number' | 'Object' | 'Optional' | 'Record' |
  'String' | 'Union' | 'Unknown'>

const optional = '~optional'
const ofType = (type: string) => (options?: Schema) => ({ type, ...options })

/**
 * Builds JSON Schemas as TypeBox does, by its names and with its types, of which the compiler alone knows. TypeBox itself is
 * 700 modules, and loading them takes longer than to start Fastify.
 *
 * @see https://github.com/sinclairzx81/typebox#type
 */
export const Type = {
  Array: (items: Schema, options?: Schema) => ({ type: 'array', items, ...options }),
  Boolean: ofType('boolean'),
  Enum: (values: unknown[], options?: Schema) => ({ enum: values, ...options }),
  Integer: ofType('integer'),
  Literal: (value: unknown, options?: Schema) => ({ type: typeof value, const: value, ...options }),
  Never: (options?: Schema) => ({ not: {}, ...options }),
  Null: ofType('null'),
  Number: ofType('number'),
  Object (properties: Record<string, Schema>, options?: Schema) {
    const required = Object.keys(properties).filter(name => !(optional in properties[name]!))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  // Not enumerable, so that it is no part of the schema, nor of a copy.
  Optional: (schema: Schema) => Object.defineProperty({ ...schema }, optional, { value: true }),
  Record: ({ pattern = '^.*$' }: { pattern?: string }, value: Schema, options?: Schema) =>
    ({ type: 'object', patternProperties: { [pattern]: value }, ...options }),
  String: ofType('string'),
  Union: (anyOf: Schema[], options?: Schema) => ({ anyOf, ...options }),
  Unknown: (options?: Schema) => ({ ...options })
} as unknown as Builders
