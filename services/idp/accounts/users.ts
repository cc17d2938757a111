import { createHash } from 'node:crypto'
import { DataFileError, readDataFile } from '#lib/settings/data-file.ts'
import { Type, type Static, type TObject } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'

const standardClaims = {
  name: Type.String({ minLength: 1 }),
  given_name: Type.Optional(Type.String({ minLength: 1 })),
  family_name: Type.Optional(Type.String({ minLength: 1 })),
  middle_name: Type.Optional(Type.String()),
  nickname: Type.Optional(Type.String()),
  preferred_username: Type.Optional(Type.String()),
  profile: Type.Optional(Type.String({ format: 'uri' })),
  picture: Type.Optional(Type.String({ format: 'uri' })),
  website: Type.Optional(Type.String({ format: 'uri' })),
  gender: Type.Optional(Type.String()),
  birthdate: Type.Optional(Type.String({ pattern: '^(\\d{4}|0000)(-\\d{2}-\\d{2})?$', description: 'a date as YYYY-MM-DD, 0000-MM-DD or YYYY' })),
  zoneinfo: Type.Optional(Type.String()),
  locale: Type.Optional(Type.String()),
  updated_at: Type.Optional(Type.Integer()),
  email: Type.String({ format: 'email' }),
  email_verified: Type.Boolean(),
  phone_number: Type.Optional(Type.String()),
  phone_number_verified: Type.Optional(Type.Boolean()),
  address: Type.Optional(Type.Record(Type.String(), Type.String()))
}

/** The claims that OpenID Connect names, which need no declaration. */
export const standardClaimNames = Object.keys(standardClaims)

const providersOwn = [
  '__proto__', 'constructor', 'sub', 'iss', 'aud', 'exp', 'iat', 'nbf', 'nonce',
  'azp', 'sid', 'acr', 'amr', 'auth_time', 'at_hash', 'c_hash', 's_hash'
]

/** Claims of any shape. What the provider itself says in a token is not among them; to falsify that, there are faults. */
export const anyClaims = Type.Record(Type.String({ pattern: `^(?!(${providersOwn.join('|')})$).{1,64}$` }), Type.Unknown(), {
  additionalProperties: false,
  description: 'of any shape. A client learns those that a scope it asks for stands for (scopes of your own: `/lab/settings`), ' +
    'at the userinfo endpoint and, where its `id_token_claims` name them, in the ID token; others by the `claims` ' +
    'parameter. What the provider itself says in a token (iss, aud, exp and so on) is not among them: to falsify that, ' +
    'there are faults'
})

// What `acr_values` can name, which separates them by spaces.
const acr = Type.String({ pattern: '^[\\x21-\\x7e]{1,200}$', description: 'visible ASCII characters without a space, 200 at most' })
const acrs = Type.Union([acr, Type.Array(acr, { uniqueItems: true })])
const amr = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1 })

const secondFactor = Type.Object({
  totp_secret: Type.String({ pattern: '^[A-Z2-7]{16,128}$', description: 'the secret of the authenticator app in Base32: 16 to 128 of A to Z and 2 to 7' }),
  acr: Type.Optional(acrs),
  amr: Type.Optional(amr),
  always: Type.Optional(Type.Boolean())
}, { additionalProperties: false })

// Whatever a directory may have, but for what nobody sees or types, and what the path of a URL cannot end with.
export const usernamePattern = '^(?!\\.{1,2}$)[^\\p{C}\\p{Z}](?:[^\\p{C}\\p{Zl}\\p{Zp}]{0,252}[^\\p{C}\\p{Z}])?$'
/** What a user name may be, in words. */
export const usernameInWords = 'a user name: 254 letters, digits and signs at most, of any script, with spaces only between them; capitals make no difference'

/** The fields of a user beside its name, with what they are when nothing is said. */
export const userFields = {
  password: Type.String({ minLength: 1, maxLength: 200, description: 'what the sign-in form asks for' }),
  // OIDC Core 2: at most 255 ASCII characters
  sub: Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$', description: 'a subject identifier: visible ASCII characters without a space, 255 at most' }),
  about: Type.String({ default: '', maxLength: 200, description: 'why this user is here, shown on the sign-in page' }),
  disabled: Type.Boolean({ default: false, description: 'cannot sign in; who is signed in is signed out thereby' }),
  always_ask_consent: Type.Boolean({ default: false, description: 'sees the consent page even for first-party clients' }),
  sign_in_by_hint: Type.Boolean({
    default: false,
    description: 'an authorization request with this `login_hint` signs in without a page, where nobody is signed in yet'
  }),
  acr: { ...acrs, default: [], description: 'the level that the password reaches, or several, of which `acr_values` choose' },
  amr: { ...amr, default: ['pwd'], description: 'how they sign in by that, as the ID token says it' },
  second_factor: Type.Union([secondFactor, Type.Null()], {
    default: null,
    description: 'a code of an authenticator app is asked for as well, where a request wants an `acr` of these (a name, or a ' +
      'list) and the password does not reach it; with `always`, at every sign-in. `amr` is `["pwd", "otp", "mfa"]` where left out'
  }),
  client_claims: Type.Record(Type.String(), anyClaims, {
    default: {}, description: 'by `client_id`: claims that are different for that client; `null` takes one away'
  })
}

const entries = Type.Array(Type.Object({
  username: Type.String({ pattern: usernamePattern, description: usernameInWords }),
  ...userFields,
  claims: Type.Object(standardClaims, { additionalProperties: false }),
  custom_claims: Type.Optional(anyClaims)
}, { additionalProperties: false }), { minItems: 1 })

/**
 * What is the same for all spellings of a user name: capitals and small letters, composed and full-width ones.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8265#section-3.3
 */
export const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase().normalize('NFKC').trim()

/** A test user. */
export interface User extends Static<TObject<typeof userFields>> {
  username: string
  claims: Record<string, unknown>
}

/**
 * A user with values for what is not said: the password is `<user name>-lab`, `sub` follows from the name, there are no
 * claims.
 */
export function withDefaults ({ username, ...said }: Partial<User> & Pick<User, 'username'>): User {
  return {
    username,
    password: `${username}-lab`,
    sub: `usr-${createHash('sha256').update(usernameKey(username)).digest('hex').slice(0, 8)}`,
    about: '',
    disabled: false,
    always_ask_consent: false,
    sign_in_by_hint: false,
    acr: [],
    amr: ['pwd'],
    second_factor: null,
    client_claims: {},
    claims: {},
    ...said
  }
}

/**
 * Read a file of users.
 *
 * @throws {DataFileError} naming the file, the entry and the field
 * @see https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
 */
export function readUsers (file: string, settings: Record<string, string | number | boolean>): User[] {
  const users = readDataFile(file, { entries, key: 'username', unique: ['sub'], settings })
  const keys = users.map(({ username }) => usernameKey(username))
  const mistakes = users.flatMap(({ username }, index) =>
    keys.indexOf(keys[index]!) < index ? [`entry ${index + 1} (${username}), field username: ${words.twice}`] : [])
  if (mistakes.length > 0) throw new DataFileError(file, mistakes)
  return users.map(({ custom_claims: customClaims, claims, ...user }) => ({ ...user, claims: { ...claims, ...customClaims } }))
}

/** What a person is called on a page. */
export const displayName = (user: User): string => typeof user.claims['name'] === 'string' ? user.claims['name'] : user.username
