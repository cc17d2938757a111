import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Store } from '#lib/store.ts'
import { userKey, type VerifiedIdentity } from './identity.ts'
import type { Jwts } from './jwt.ts'

// "15 minutes or the lifetime of the identity provider's access token, whichever is shorter; the refresh token 24 hours"
// (Genesys Cloud Developer Center, authenticated web messaging).
const longestJwtLife = 15 * 60
const refreshTokenLife = 24 * 60 * 60
const audience = 'guest-session'

/** What a redeemed code gave its user: every JWT and the refresh token of it live no longer than this. */
export interface Grant {
  /** hash of the refresh token */
  id: string
  deploymentId: string
  identity: VerifiedIdentity
  /** seconds that each JWT of this grant lives */
  jwtLifetime: number
  idpRefreshToken?: string | undefined
}

/** The Genesys JWT and refresh token of authenticated guests. */
export function openTokens (store: Store, jwts: Jwts) {
  const grants = store.collection<Grant>('grant')

  const sign = async ({ id, jwtLifetime }: Grant) => (await jwts.sign(audience, { jti: randomUUID(), grant: id }, jwtLifetime)).jwt

  return {
    /** Issue both tokens to a user whose ID token was validated. */
    async issue ({ deploymentId, identity, accessTokenExpiresIn = longestJwtLife, idpRefreshToken }: {
      deploymentId: string
      identity: VerifiedIdentity
      accessTokenExpiresIn?: number | undefined
      idpRefreshToken?: string | undefined
    }): Promise<{ jwt: string, refreshToken: string }> {
      const jwtLifetime = Math.min(longestJwtLife, accessTokenExpiresIn)
      const refreshToken = randomBytes(32).toString('base64url')
      const grant: Grant = { id: hash(refreshToken), deploymentId, identity, jwtLifetime, idpRefreshToken }
      await grants.set(grant.id, grant, { ttl: refreshTokenLife, tags: [userKey(deploymentId, identity)] })
      return { jwt: await sign(grant), refreshToken }
    },

    /**
     * A new JWT for a refresh token, which stays as it is: clients keep the one they have.
     *
     * @param deploymentId left out by Genesys' mobile SDK
     * @returns nothing where the refresh token is unknown, revoked, expired or of another deployment
     */
    async refresh (refreshToken: string, deploymentId?: string): Promise<{ jwt: string } | undefined> {
      const grant = await grants.get(hash(refreshToken))
      if (!grant || (deploymentId !== undefined && deploymentId !== grant.deploymentId)) return undefined
      return { jwt: await sign(grant) }
    },

    /** @returns the grant that a JWT stands for, or nothing where it is expired, revoked or not ours */
    async verify (jwt: string): Promise<Grant | undefined> {
      const claims = await jwts.verify(audience, jwt)
      return typeof claims?.['grant'] === 'string' ? await grants.get(claims['grant']) : undefined
    },

    /** End everything the user of a grant has on its deployment, in every tab and on every device. */
    revoke: ({ deploymentId, identity }: Grant): Promise<void> => grants.deleteTagged(userKey(deploymentId, identity))
  }
}

export type Tokens = ReturnType<typeof openTokens>

const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url')
