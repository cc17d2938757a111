import { createHash, timingSafeEqual } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { readDataFile } from '#lib/data-file.ts'

const claims = Type.Object({
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
  birthdate: Type.Optional(Type.String({ pattern: '^(\\d{4}|0000)(-\\d{2}-\\d{2})?$' })),
  zoneinfo: Type.Optional(Type.String()),
  locale: Type.Optional(Type.String()),
  updated_at: Type.Optional(Type.Integer()),
  email: Type.String({ format: 'email' }),
  email_verified: Type.Boolean(),
  phone_number: Type.Optional(Type.String()),
  phone_number_verified: Type.Optional(Type.Boolean()),
  address: Type.Optional(Type.Record(Type.String(), Type.String()))
}, { additionalProperties: false })

const user = Type.Object({
  username: Type.String({ pattern: '^[a-z0-9._-]{1,64}$' }),
  password: Type.String({ minLength: 1 }),
  // OIDC Core 2: at most 255 ASCII characters
  sub: Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$' }),
  about: Type.String({ default: '' }),
  disabled: Type.Boolean({ default: false }),
  always_ask_consent: Type.Boolean({ default: false }),
  claims
}, { additionalProperties: false })

/** A test user, as an entry of `users.yaml`. */
export type User = Static<typeof user>

/**
 * Read a file of users.
 *
 * @throws {DataFileError} naming the file, the entry and the field
 * @see https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
 */
export function readUsers (file: string, settings: Record<string, string | number | boolean>): User[] {
  return readDataFile(file, { entry: user, key: 'username', unique: ['username', 'sub'], settings })
}

/** The users as the provider asks for them. */
export class Accounts {
  readonly #users: User[]

  constructor (users: User[]) {
    this.#users = users
  }

  get all (): readonly User[] {
    return this.#users
  }

  /** The enabled user of this `sub`. Somebody who is disabled while signed in is thereby signed out. */
  find (sub: string): User | undefined {
    return this.#users.find(user => user.sub === sub && !user.disabled)
  }

  /** The user who may sign in with these, or nothing; which of the three was wrong is not told, nor by the time it takes. */
  authenticate (username: string, password: string): User | undefined {
    const user = this.#users.find(user => user.username === username.trim().toLowerCase())
    const right = equals(password, user?.password ?? '')
    return right && user && !user.disabled ? user : undefined
  }
}

function equals (a: string, b: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(digest(a), digest(b))
}
