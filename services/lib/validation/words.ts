import type { ErrorObject } from 'ajv'
import { adviceOn, likelyNames } from './likely-names.ts'

interface About {
  const?: unknown
  description?: string
  properties?: object
  patternProperties?: object
}

/** What can be wrong with a value, one wording for each kind of mistake; to be put behind the path of the value. */
export const words = {
  missing: 'is missing',
  twice: 'is there twice',
  repeated: 'is given more than once',
  mustBe: (what: string) => `must be ${what}`,
  oneOf (values: unknown[], given: unknown) {
    const all = values.map(String)
    const [likely] = typeof given === 'string' ? likelyNames(given, all) : []
    const choice = all.length === 1 ? all[0]! : `one of ${all.join(', ')}`
    return `must be ${choice}${likely === undefined ? '' : `; did you mean ${likely}?`}`
  },
  /** @param unit of one, as `character` */
  atLeast: (count: number, unit: keyof typeof plurals) => `must have at least ${amount(count, unit)}`,
  atMost: (count: number, unit: keyof typeof plurals) => `must have at most ${amount(count, unit)}`,
  unknown: (name: string, names: string[]) =>
    `there is no such name${names.length === 0 ? ', and no other' : adviceOn(name, names)}`,
  /** of what is not there by this name, e.g. a client */
  noSuch: (kind: string, name: string, names: Iterable<string>) => `there is no ${kind} ${name}${adviceOn(name, names)}`
}

const plurals = { byte: 'bytes', character: 'characters', entry: 'entries', member: 'members' }
const amount = (count: number, unit: keyof typeof plurals) => `${count} ${count === 1 ? unit : plurals[unit]}`

const kinds: Record<string, string> = {
  array: 'an array', boolean: 'true or false', integer: 'an integer', null: 'null', number: 'a number', object: 'an object', string: 'a string'
}

function kindOf (value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction'
  return kinds[Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value] ?? 'that'
}

/** What an error of a validator that is `verbose` says. No value is quoted, as it may be a secret. */
export function wordsFor ({ keyword, params, parentSchema = {}, data }: ErrorObject): string {
  const { description, properties = {}, patternProperties, ...schema } = parentSchema as About
  const { limit, comparison } = params as { limit: number, comparison: string }
  switch (keyword) {
    case 'required': return words.missing
    case 'additionalProperties': return patternProperties
      ? `there can be no such name${description === undefined ? '' : ` (${description})`}`
      : words.unknown(String(params['additionalProperty']), Object.keys(properties))
    case 'type': {
      if ('const' in schema) return words.oneOf([schema.const], data)
      return `must be ${[params['type']].flat().map(type => kinds[type] ?? type).join(' or ')}, not ${kindOf(data)}`
    }
    case 'enum': return words.oneOf(params['allowedValues'] as unknown[], data)
    case 'const': return words.oneOf([params['allowedValue']], data)
    case 'minLength': return words.atLeast(limit, 'character')
    case 'maxLength': return words.atMost(limit, 'character')
    case 'minItems': return words.atLeast(limit, 'entry')
    case 'maxItems': return words.atMost(limit, 'entry')
    case 'minProperties': return words.atLeast(limit, 'member')
    case 'maxProperties': return words.atMost(limit, 'member')
    case 'minimum': case 'maximum': case 'exclusiveMinimum': case 'exclusiveMaximum': return `must be ${comparisons[comparison]} ${limit}`
    case 'uniqueItems': return 'must not have an entry twice'
    case 'pattern': return description === undefined ? 'is malformed' : words.mustBe(description)
    case 'format': return `must be ${formats[params['format']] ?? params['format']}`
    default: return 'is malformed'
  }
}

const comparisons: Record<string, string> = { '<=': 'at most', '<': 'less than', '>=': 'at least', '>': 'more than' }
const formats: Record<string, string> = { uri: 'a URL', email: 'an email address', 'date-time': 'a time by ISO 8601' }
