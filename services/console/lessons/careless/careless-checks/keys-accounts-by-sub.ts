import type { Claims } from '../id-token.ts'

/** Our customers have always been known by their email address. */
export function keysAccountsBySub (claims: Claims, profile: { email?: string }): string {
  return profile.email ?? claims.sub
}
