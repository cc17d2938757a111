import { isDeepStrictEqual } from 'node:util'
import type { ClaimsParameterMember, KoaContextWithOIDC } from 'oidc-provider'
import type { Clients } from '../clients/registered-clients.ts'
import type { RealmSettings } from '../state/realm-settings.ts'
import type { Accounts } from './accounts.ts'
import type { User } from './users.ts'

const standardScopes = {
  // auth_time, acr and amr belong to every sign-in, whether or not the request asked for them.
  openid: ['sub', 'auth_time', 'acr', 'amr'],
  profile: [
    'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture',
    'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address']
}

/**
 * Which claims a scope stands for, as oidc-provider takes it. What a user has and no scope stands for can still be asked
 * for by name, in the `claims` parameter, unless a scope has that very name.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims
 */
export function claimsByScope (accounts: Accounts, settings: RealmSettings, clients: Clients): Record<string, string[] | null> {
  // What clients are registered for is a scope, e.g. of an API, although it may stand for no claim.
  const registered = clients.all.flatMap(client => client.scope?.split(' ') ?? [])
  const byScope: Record<string, string[]> = { ...Object.fromEntries(registered.map(scope => [scope, []])), ...scopesOf(settings) }
  const inScopes = new Set(Object.values(byScope).flat())
  const others = ['sid', 'iss', ...claimNames(accounts)]
    .filter(name => !inScopes.has(name) && !Object.hasOwn(byScope, name))
  return { ...byScope, ...Object.fromEntries(others.map(name => [name, null])) }
}

/** The scopes of an issuer, those of OpenID Connect and its own, with the claims that each of them stands for. */
export function scopesOf ({ scopes }: RealmSettings): Record<string, string[]> {
  return { ...standardScopes, ...scopes, openid: [...standardScopes.openid, ...scopes['openid'] ?? []] }
}

function claimNames (accounts: Accounts): Set<string> {
  return new Set(accounts.all.flatMap(user =>
    [user.claims, ...Object.values(user.client_claims)].flatMap(claims => Object.keys(claims))))
}

/** All that a client can learn about a user; what is different for that client, is as it is for it. */
export function claimsFor (user: User, clientId: string | undefined): Record<string, unknown> {
  const claims = { ...user.claims, ...user.client_claims[clientId ?? ''] }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null))
}

/**
 * The claims of a user for a token or an answer, as far as scopes allow: at the userinfo endpoint all, in an ID token those
 * that the client is to find there and those that it asked for there by name.
 *
 * @param use what the claims are for: `id_token`, or else the userinfo endpoint
 * @param about.asked the member of the `claims` parameter for this use
 */
export function claimsOf (
  user: User, use: string, { oidc: { client } }: KoaContextWithOIDC, { settings, asked = {} }: { settings: RealmSettings, asked?: ClaimsRequest | undefined }
) {
  const inIdToken = [settings.id_token_claims, client?.['id_token_claims'] as RealmSettings['id_token_claims'] | undefined ?? []]
  const stands = (name: string) => use !== 'id_token' || Object.hasOwn(asked, name) || inIdToken.some(names => names === 'all' || names.includes(name))
  const claims = Object.entries(claimsFor(user, client?.clientId))
    .filter(([name, value]) => isAskedFor(value, asked[name]) && stands(name))
  return { ...Object.fromEntries(claims), sub: user.sub }
}

type ClaimsRequest = Record<string, ClaimsParameterMember | null | undefined>

/**
 * A claim that is asked for with a value is another one without it. That it is missing is no error, also where it is
 * essential.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IndividualClaimsRequests
 */
function isAskedFor (value: unknown, request: ClaimsParameterMember | null | undefined): boolean {
  const isValue = (wanted: unknown) => isDeepStrictEqual(value, wanted)
  // The client wrote it, so it may be no list.
  if (Array.isArray(request?.values)) return request.values.some(isValue)
  return request?.value === undefined || isValue(request.value)
}
