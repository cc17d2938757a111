import type { IDToken, JsonValue } from 'openid-client'

type Claims = Record<string, JsonValue | undefined>

const isText = (value: unknown) => typeof value === 'string'
const isBoolean = (value: unknown) => typeof value === 'boolean'

// https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
const isOfItsType = new Map<string, (value: unknown) => boolean>([
  ...[
    'sub', 'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website',
    'email', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number'
  ].map(name => [name, isText] as const),
  ...['email_verified', 'phone_number_verified'].map(name => [name, isBoolean] as const),
  ['updated_at', value => typeof value === 'number'],
  ['address', value => typeof value === 'object' && value !== null && !Array.isArray(value)]
])

/**
 * The claims that can be relied on to be what the specification says. What a provider has put otherwise, such as a number for a
 * name, is left out, as if it had not been sent: nobody who reads claims has to expect it.
 *
 * @param claims of an ID token or of a userinfo response; `name#ja-Kana-JP` is held to the type of `name`
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ClaimsLanguagesAndScripts
 */
export function wellTyped<T extends Claims> (claims: T): T {
  return Object.fromEntries(Object.entries(claims).filter(([name, value]) =>
    isOfItsType.get(name.split('#', 1)[0]!)?.(value) ?? true)) as T
}

const aboutTheToken = new Set([
  'iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'azp', 'sid', 'acr', 'amr', 'auth_time', 'at_hash', 'c_hash', 's_hash'
])

/** An ID token's claims about the person, without those about the token itself. */
export function aboutThePerson (claims: IDToken): Claims {
  return Object.fromEntries(Object.entries(wellTyped<Claims>(claims)).filter(([name]) => !aboutTheToken.has(name)))
}
