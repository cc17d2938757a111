import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { openSingleFlight } from '#lib/concurrency/single-flight.ts'
import type { OriginalClaims } from '#lib/oidc/refreshed-id-token.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import { userKey, type VerifiedIdentity } from './identity.ts'
import type { Jwts } from './jwt.ts'
import { OidcError } from './oidc-error.ts'
import type { OidcClient } from './oidc-client.ts'

// "15 minutes or the lifetime of the identity provider's access token, whichever is shorter; the refresh token 24 hours"
// (Genesys Cloud Developer Center, authenticated web messaging).
const longestJwtSeconds = 15 * 60
const refreshTokenSeconds = 24 * 60 * 60
const audience = 'guest-session'

/** What a redeemed code gave its user: every JWT and the refresh token of it live no longer than this. */
export interface Grant {
  /** hash of the refresh token */
  id: string
  deploymentId: string
  identity: VerifiedIdentity
  /** of the ID token that began it, where the identity provider renews it */
  original?: OriginalClaims | undefined
  /** seconds that the next JWT of this grant lives */
  jwtLifetime: number
  /** what the identity provider renews the sign-in for; without it there is no refresh */
  idpRefreshToken?: string | undefined
  /** how often the identity provider has renewed it */
  renewals: number
}

/** The Genesys JWT and refresh token of authenticated guests. */
export class Tokens {
  readonly #jwts: Jwts
  readonly #grants: Collection<Grant>
  readonly #renewOnce

  constructor (store: Store, jwts: Jwts) {
    this.#jwts = jwts
    this.#grants = store.collection('grant')
    this.#renewOnce = openSingleFlight<Grant | undefined>(store, 'grant-renewal')
  }

  /**
   * Issue tokens to a user whose ID token was validated.
   *
   * @param accessTokenExpiresIn seconds that the JWT may live at most
   * @param original of the ID token, for those that come with refreshes
   * @param idpRefreshToken without it there is no refresh token either: nobody could say whether the user may go on
   */
  async issue ({ deploymentId, identity, original, accessTokenExpiresIn, idpRefreshToken }: {
    deploymentId: string
    identity: VerifiedIdentity
    original?: OriginalClaims | undefined
    accessTokenExpiresIn?: number | undefined
    idpRefreshToken?: string | undefined
  }): Promise<{ jwt: string, refreshToken?: string }> {
    const refreshToken = randomBytes(32).toString('base64url')
    const grant: Grant = {
      id: hash(refreshToken),
      deploymentId,
      identity,
      original,
      jwtLifetime: jwtLifetimeOf(accessTokenExpiresIn),
      idpRefreshToken,
      renewals: 0
    }
    const refreshable = idpRefreshToken !== undefined
    await this.#grants.set(grant.id, grant, { ttl: refreshable ? refreshTokenSeconds : longestJwtSeconds, tags: tagsOf(grant) })
    return { jwt: await this.#sign(grant), ...(refreshable && { refreshToken }) }
  }

  /** @returns the grant that a refresh token stands for, or nothing where that is unknown, revoked, expired or was refused */
  async find (refreshToken: string): Promise<Grant | undefined> {
    const grant = await this.#grants.get(hash(refreshToken))
    return grant?.idpRefreshToken === undefined ? undefined : grant
  }

  /**
   * A new JWT, if the identity provider renews the sign-in of the user. The refresh token stays as it is: clients keep
   * the one they have.
   *
   * @returns nothing where the grant has been revoked meanwhile
   * @throws {OidcError} where the identity provider refuses, which ends the grant, or cannot answer, which does not
   */
  async refresh (grant: Grant, oidc: Pick<OidcClient, 'refresh'>): Promise<string | undefined> {
    // The identity provider takes its refresh token once, and two tabs may refresh at the same moment.
    const renewed = await this.#renewOnce(grant.id, () => this.#renew(grant, oidc))
    return renewed && await this.#sign(renewed)
  }

  /** @returns the grant that a JWT stands for, or nothing where it is expired, revoked or not ours */
  async verify (jwt: string): Promise<Grant | undefined> {
    const claims = await this.#jwts.verify(audience, jwt)
    return typeof claims?.['grant'] === 'string' ? await this.#grants.get(claims['grant']) : undefined
  }

  /**
   * End everything the user of a grant has on its deployment, in every tab and on every device.
   *
   * The refresh tokens of the identity provider are forgotten, not revoked there: one of them stands for all that this
   * client was given in the user's session, so codes that wait for another page would end with it.
   */
  async revoke ({ deploymentId, identity }: Grant): Promise<void> {
    await this.#grants.deleteTagged(userKey(deploymentId, identity))
  }

  async #renew ({ id, identity, renewals }: Grant, oidc: Pick<OidcClient, 'refresh'>): Promise<Grant | undefined> {
    const current = await this.#grants.get(id)
    if (current?.idpRefreshToken === undefined) return undefined
    // Another replica has just done it.
    if (current.renewals !== renewals) return current
    try {
      const renewed = await oidc.refresh(current.idpRefreshToken, current.original ?? identity)
      // Nothing comes of it where the user has signed out meanwhile.
      return await this.#grants.update(id, grant => ({
        ...grant,
        identity: { ...renewed.identity ?? grant.identity, since: grant.identity.since },
        jwtLifetime: jwtLifetimeOf(renewed.accessTokenExpiresIn),
        idpRefreshToken: renewed.refreshToken ?? grant.idpRefreshToken,
        renewals: grant.renewals + 1
      }))
    } catch (error) {
      if (error instanceof OidcError && error.isFinal) await this.#endRefreshing(id)
      throw error
    }
  }

  /** What is left is the JWT, for the minutes that it has. */
  async #endRefreshing (id: string): Promise<void> {
    await this.#grants.update(id, ({ idpRefreshToken, ...grant }) => grant, grant => ({ ttl: longestJwtSeconds, tags: tagsOf(grant) }))
  }

  async #sign ({ id, jwtLifetime }: Grant): Promise<string> {
    return (await this.#jwts.sign(audience, { jti: randomUUID(), grant: id }, jwtLifetime)).jwt
  }
}

const tagsOf = ({ deploymentId, identity }: Grant) => [userKey(deploymentId, identity)]

const jwtLifetimeOf = (accessTokenExpiresIn = longestJwtSeconds) => Math.min(longestJwtSeconds, accessTokenExpiresIn)

const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url')
