import { decodeJwt } from 'jose'
import { errors, type ClaimsParameter, type ClaimsParameterMember } from 'oidc-provider'

/** What an authorization request demands of whoever signs in. */
export interface Demands {
  /** lists of `sub`s; there is an ID token only for somebody who is in each of them */
  subs: string[][]
  /** levels of authentication, in order of preference */
  acrs: string[]
  /** whether one of these levels must be reached */
  isAcrEssential: boolean
}

/**
 * Read what a request demands, of parameters that have been checked.
 *
 * @param params of the authorization request
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequestValidation about `sub` and `id_token_hint`
 * @see https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
 */
export function demandsOf (params: Record<string, unknown> = {}): Demands {
  const { sub, acr } = idTokenClaimsOf(params)
  const hint = hintedSub(params)
  const essential = acr?.essential ? valuesOf(acr) : []
  const voluntary = [...valuesOf(acr), ...typeof params['acr_values'] === 'string' ? params['acr_values'].split(' ') : []]
  return {
    subs: [...hint === undefined ? [] : [[hint]], ...valuesOf(sub).length > 0 ? [valuesOf(sub)] : []],
    acrs: essential.length > 0 ? essential : [...new Set(voluntary)],
    isAcrEssential: essential.length > 0
  }
}

/** The person whom `id_token_hint` is about. oidc-provider has verified it at the authorization endpoint, and keeps it. */
export function hintedSub ({ id_token_hint: hint }: Record<string, unknown>): string | undefined {
  return typeof hint === 'string' ? decodeJwt(hint).sub : undefined
}

/** Whether the request can have an ID token for this person. */
export const isDemanded = ({ subs }: Demands, sub: string): boolean => subs.every(list => list.includes(sub))

/**
 * Refuse a `claims` parameter of a wrong shape: to overlook who is to sign in, and how, would be to answer with somebody
 * else.
 *
 * @throws {InvalidRequest}
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IndividualClaimsRequests
 */
export function assertClaims (claims: ClaimsParameter): void {
  for (const use of ['userinfo', 'id_token'] as const) {
    for (const [name, member] of Object.entries<unknown>(claims[use] ?? {})) {
      const isMember = typeof member === 'object' && !Array.isArray(member)
      if (!isMember) throw new errors.InvalidRequest(`claims.${use}.${name} is neither null nor an object`)
    }
  }
  for (const name of ['sub', 'acr']) {
    const { value = '', values = [] } = (claims.id_token?.[name] ?? {}) as { value?: unknown, values?: unknown }
    if (typeof value !== 'string') throw new errors.InvalidRequest(`claims.id_token.${name}.value is no string`)
    const isList = Array.isArray(values) && values.every(value => typeof value === 'string')
    if (!isList) throw new errors.InvalidRequest(`claims.id_token.${name}.values is no list of strings`)
  }
}

function idTokenClaimsOf ({ claims }: Record<string, unknown>) {
  return typeof claims === 'string' ? (JSON.parse(claims) as ClaimsParameter).id_token ?? {} : {}
}

const valuesOf = (member: ClaimsParameterMember | null | undefined): string[] =>
  [member?.value ?? [], member?.values ?? []].flat() as string[]
