/** Who a guest is, according to an ID token that was validated. Names of claims as in OpenID Connect Core 5.1. */
export interface VerifiedIdentity {
  sub: string
  /** the issuer that vouches for it */
  iss: string
  /** when it was verified, ISO 8601 */
  since: string
  name?: string | undefined
  given_name?: string | undefined
  family_name?: string | undefined
  email?: string | undefined
  email_verified?: boolean | undefined
}

/**
 * The identity in the claims of a validated ID token.
 *
 * Claims of the wrong type are left out: `sub` and `iss` are the only ones that every ID token has.
 */
export function identityOf (claims: { sub: string, iss: string } & Record<string, unknown>): VerifiedIdentity {
  return {
    sub: claims.sub,
    iss: claims.iss,
    since: new Date().toISOString(),
    name: text(claims['name']),
    given_name: text(claims['given_name']),
    family_name: text(claims['family_name']),
    email: text(claims['email']),
    email_verified: typeof claims['email_verified'] === 'boolean' ? claims['email_verified'] : undefined
  }
}

const text = (claim: unknown) => typeof claim === 'string' && claim !== '' ? claim : undefined

/** One key for all that a user does on one deployment: `sub` is what Genesys tells users apart by. */
export const userKey = (deploymentId: string, { sub }: { sub: string }) => `${deploymentId}/${sub}`
