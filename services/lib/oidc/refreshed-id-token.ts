/** What of the ID token of a sign-in those that come with refreshes are compared with, beside `iss` and `aud`. */
export interface OriginalClaims {
  sub: string
  azp?: unknown
  auth_time?: unknown
  nonce?: unknown
}

/** What is to be kept of an ID token that was validated. */
export const originalClaimsOf = ({ sub, azp, auth_time: authTime, nonce }: OriginalClaims): OriginalClaims =>
  ({ sub, azp, auth_time: authTime, nonce })

// Either ID token may be without these.
const optional = new Set(['auth_time', 'nonce'])

/**
 * The claim by which a refreshed ID token does not continue a sign-in, where there is one.
 *
 * @param refreshed claims of an ID token that is valid by itself, of the same issuer and for the same client
 * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
 */
export function discontinuityOf (refreshed: OriginalClaims, original: OriginalClaims): string | undefined {
  return (['sub', 'azp', 'auth_time', 'nonce'] as const).find(name => {
    const [claim, before] = [refreshed[name], original[name]]
    return claim !== before && !(optional.has(name) && [claim, before].includes(undefined))
  })
}
