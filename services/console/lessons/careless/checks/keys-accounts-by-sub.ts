import type { Claims } from '../id-token.ts'

/**
 * An account belongs to a subject at an issuer. That pair is somebody’s for ever; an email address can change hands, and anybody can
 * write any address into their profile.
 *
 * @returns the key of the account
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
 */
export function keysAccountsBySub (claims: Claims, _profile: { email?: string }): string {
  return `${claims.iss} ${claims.sub}`
}
