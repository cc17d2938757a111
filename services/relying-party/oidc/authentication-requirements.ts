import type { ProviderConfig } from '../config.ts'

/** What must be true of how a person has signed in, as it is asked for in the authorization request and found in the ID token. */
export interface AuthenticationRequirements {
  /** `acr` must be one of these; any will do where the list is empty, and nothing is required without one */
  acr: string[] | undefined
  /** seconds that the person may have been signed in when they were sent to the provider; without it, any number */
  maxAge: number | undefined
}

/**
 * What an authorization request requires. It goes through the browser, whose owner can leave any of it out, and to the provider
 * `acr_values` is no more than a wish: so it is only by the ID token that one knows.
 *
 * @param config.parameters of the request
 * @param config.acr whether a sign-in is refused that is none of `acr_values`
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, steps 12 and 13
 */
export function requirementsOf ({ parameters, acr }: Pick<ProviderConfig, 'parameters' | 'acr'>): AuthenticationRequirements {
  const { acr_values: acrValues, prompt, max_age: maxAge, claims } = parameters
  const asked = acr === 'essential' && acrValues !== undefined ? wordsOf(acrValues) : undefined
  return {
    acr: essentialAcr(claims) ?? asked,
    maxAge: prompt !== undefined && wordsOf(prompt).includes('login') ? 0 : maxAge === undefined ? undefined : Number(maxAge)
  }
}

/** Whether an `acr` claim is what was required. */
export const meetsAcr = ({ acr: required }: AuthenticationRequirements, acr: unknown): boolean =>
  required === undefined || (typeof acr === 'string' && (required.length === 0 || required.includes(acr)))

/** @see https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics */
function essentialAcr (claims: string | undefined): string[] | undefined {
  const { essential, value, values } = (parse(claims)?.id_token?.acr ?? {}) as { essential?: unknown, value?: unknown, values?: unknown }
  if (essential !== true) return undefined
  return [value ?? [], values ?? []].flat().map(String)
}

function parse (claims: string | undefined): { id_token?: { acr?: unknown } } | undefined {
  try {
    return claims === undefined ? undefined : JSON.parse(claims)
  } catch {
    // The provider will refuse it.
    return undefined
  }
}

const wordsOf = (list: string) => list.trim().split(/\s+/)
