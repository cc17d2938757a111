import fc from 'fast-check'

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then', '', '0', '\u0000', '\ud800']

const texts = fc.oneof(
  fc.array(fc.nat(0xffff), { maxLength: 40 }).map(units => String.fromCharCode(...units)),
  fc.constantFrom(
    ...names, ' ', '\r\nset-cookie: a=b', '../../../../etc/passwd', "'; DROP TABLE entry; --", '%00', '%', '<img src=x onerror=alert(1)>',
    '\ud800 alone', '\udc00', '\u202eright to left', '👩‍👩‍👧‍👦'.repeat(200), 'x'.repeat(4097), 'y'.repeat(60_000),
    '00000000-0000-4000-8000-000000000000', '2026-13-45T99:99:99Z', 'eyJhbGciOiJub25lIn0.e30.'
  )
)

const numbers = fc.constantFrom('0', '-0', '-1', '1.5', '9007199254740993', '1e400', '-1e400', '1e-400', `1${'0'.repeat(400)}`, '2147483648')

const nested = fc.tuple(fc.constantFrom(['[', ']'], ['{"a":', '}'], ['[{"__proto__":', '}]']), fc.constantFrom(50, 1_000, 5_000))
  .map(([[open, close], depth]) => `${open!.repeat(depth)}null${close!.repeat(depth)}`)

const members = fc.tuple(
  fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })),
  fc.oneof(texts.map(text => JSON.stringify(text)), numbers)
)
const objects = fc.array(members, { maxLength: 5 })
  .map(entries => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`)

/** JSON that nobody means well with, as text: some of it (the same name twice, `__proto__`, 1e400) no object can hold. */
const hostileJson = (guesses: readonly string[]) => fc.oneof(
  fc.constantFrom('null', 'true', 'false', '[]', '{}', '""', '[[]]', '[null]', `[${'0,'.repeat(3_000)}0]`, '{"a":1,"a":2}'),
  texts.map(text => JSON.stringify(text)),
  fc.constantFrom(...guesses).map(text => JSON.stringify(text)),
  numbers,
  nested,
  objects,
  fc.json({ maxDepth: 3 })
)

interface Mutation {
  where: number
  how: 'replace' | 'remove' | 'add' | 'repeat'
  name: string
  json: string
}

const mutation = (guesses: readonly string[]): fc.Arbitrary<Mutation> => fc.record({
  where: fc.nat(10_000),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'repeat'),
  name: fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })),
  json: hostileJson(guesses)
})

/**
 * JSON texts in the shape of something valid, with one to three places of it mutated.
 *
 * @param valid what to start from
 * @param guesses what somebody may have found out who wants more than is theirs; used as values
 */
export const mutated = (valid: readonly object[], guesses: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...valid), fc.array(mutation(guesses), { minLength: 1, maxLength: 3 })).map(([start, mutations]) => {
    const value = structuredClone(start)
    const raw: string[] = []
    for (const { where, how, name, json } of mutations) {
      const places = placesIn(value)
      const { parent, key } = places[where % places.length]!
      if (how === 'remove') delete parent[key]
      else if (how === 'add') put(parent, Array.isArray(parent) ? String(parent.length) : name, placeholder(raw.push(json) - 1))
      else if (how === 'replace') put(parent, key, placeholder(raw.push(json) - 1))
      else put(parent, key, placeholder(raw.push(`${JSON.stringify(parent[key]) ?? 'null'},${JSON.stringify(key)}:${json}`) - 1))
    }
    return fill(JSON.stringify(value), raw)
  })

type Parent = Record<string, unknown>

/** Every member of every object, however deep. */
function placesIn (value: object): { parent: Parent, key: string }[] {
  const here = Object.keys(value).map(key => ({ parent: value as Parent, key }))
  const below = Object.values(value)
    .filter(member => typeof member === 'object' && member !== null)
    .flatMap(member => placesIn(member as object))
  return here.length + below.length > 0 ? [...here, ...below] : [{ parent: value as Parent, key: 'a' }]
}

// Assignment to `__proto__` would not make a member.
const put = (parent: Parent, key: string, value: unknown) =>
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })

const placeholder = (index: number) => `@@${index}@@`

const fill = (json: string, raw: readonly string[]): string =>
  json.replaceAll(/"@@(\d+)@@"/g, (_, index: string) => fill(raw[Number(index)]!, raw))

/** JSON texts that something happened to on the way: cut off, a character changed, something before or after. */
export const damaged = (valid: readonly object[]): fc.Arbitrary<string> =>
  fc.tuple(
    fc.constantFrom(...valid).map(value => JSON.stringify(value)),
    fc.nat(1_000),
    fc.constantFrom('', '"', '}', '\u0000', '\\', ',', '\ufeff', '\u2028'),
    fc.boolean()
  )
    .map(([json, where, character, cut]) => {
      const at = where % json.length
      return json.slice(0, at) + character + (cut ? '' : json.slice(at + 1))
    })

/** Texts that are no JSON, or none that was asked for. */
export const nonsense: fc.Arbitrary<string> = fc.oneof(texts, fc.json(), nested, numbers)

/**
 * Tokens of another kind, forged ones, and no tokens at all.
 *
 * @param genuine JWTs that the forger has got by right
 * @param claims what the forger would rather have in them
 */
export const forged = (genuine: readonly string[], claims: readonly object[]): fc.Arbitrary<string> => fc.oneof(
  fc.constantFrom(...genuine),
  texts,
  fc.record({
    jwt: fc.constantFrom(...genuine),
    alg: fc.constantFrom('none', 'HS256', 'HS512', 'RS256'),
    claims: fc.constantFrom(undefined, ...claims),
    signed: fc.boolean()
  }).map(({ jwt, alg, claims, signed }) => {
    const [, payload, signature] = jwt.split('.')
    const wanted = claims && base64url({ ...JSON.parse(Buffer.from(payload!, 'base64url').toString()), ...claims })
    return [base64url({ alg, typ: 'JWT' }), wanted ?? payload, signed ? signature : ''].join('.')
  }),
  fc.tuple(fc.constantFrom(...genuine), fc.nat(), fc.constantFrom('A', 'z', '.', '=', '')).map(([jwt, where, character]) => {
    const at = where % jwt.length
    return jwt.slice(0, at) + character + jwt.slice(at + 1)
  })
)

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
