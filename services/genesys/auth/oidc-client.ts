import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { createPlainFetch } from '#lib/outbound/plain-fetch.ts'
import { discontinuityOf, originalClaimsOf, type OriginalClaims } from '#lib/oidc/refreshed-id-token.ts'
import { readyForNewKeys } from '#lib/oidc/refetch-keys.ts'
import { identityOf } from './identity.ts'
import { inWords, OidcError, toOidcError, type Expectations } from './oidc-error.ts'

/** What of its authorization request is needed to trust an ID token. */
interface AuthorizationRequest {
  nonce?: string | undefined
  maxAge?: number | undefined
  iss?: string | undefined
}

/** An authorization code, and what is needed to redeem it. */
export interface Redemption extends AuthorizationRequest {
  code: string
  redirectUri: string
  codeVerifier?: string | undefined
}

/** An ID token of the implicit flow. */
export interface ImplicitResponse extends AuthorizationRequest {
  idToken: string
  /** mandatory in this flow: nothing else ties the token to the request */
  nonce: string
}

/** To openid-client a client has either the one flow or the other. */
type Flow = 'code' | 'implicit'

const answerTimeoutSeconds = 10

// An identity provider that has gone mad must not fill the memory.
const fetch = createPlainFetch({ userAgent: 'genesys', maxBytes: 1024 * 1024 })

// ID tokens of the implicit flow come from anybody.
const cooldownSecondsOf: Record<Flow, number> = { code: 0, implicit: 1 }

/** Genesys as a confidential client of the identity provider. */
export class OidcClient {
  readonly #issuer: string
  readonly #client: oauth.Client
  readonly #authentication: oauth.ClientAuth
  readonly #clockToleranceSeconds: number
  // Marked as deprecated only to stand out. The lab's issuer has no TLS.
  readonly #insecure: (typeof client.allowInsecureRequests)[]
  #discovered: Promise<Record<Flow, client.Configuration>> | undefined

  /** @param options.clockTolerance seconds by which the clock of the identity provider and ours may differ */
  constructor ({ issuer, client: { id, secret }, clockTolerance }: {
    issuer: string
    client: { id: string, secret: string }
    clockTolerance: number
  }) {
    this.#issuer = issuer
    this.#client = { client_id: id, [oauth.clockTolerance]: clockTolerance }
    this.#authentication = oauth.ClientSecretPost(secret)
    this.#clockToleranceSeconds = clockTolerance
    this.#insecure = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
  }

  /** Ask for metadata and keys anew when they are needed next: what is known was dated by a clock that has been set since. */
  forgetProvider () {
    this.#discovered = undefined
  }

  /**
   * Redeem an authorization code and validate the ID token that comes for it.
   *
   * @returns the user in the validated ID token, what later ones are compared with, the access token's life and the refresh token
   * @throws {OidcError}
   * @see https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest
   */
  async redeemAuthorizationCode ({ code, redirectUri, codeVerifier, ...request }: Redemption) {
    const configuration = await this.#discover('code')
    const server = configuration.serverMetadata()
    const { nonce, maxAge, iss } = request
    // Genesys' own mobile SDK never sends `iss`, even if the identity provider gave one (RFC 9207).
    const response = new URLSearchParams({ code, iss: iss ?? server.issuer })
    try {
      // The state was the page's to check.
      const parameters = oauth.validateAuthResponse(server, this.#client, response, oauth.skipStateCheck)
      // It has to be identical to that of the authorization request. openid-client would take it from the URL of a callback, in
      // which a query is lost and `https://brand.example` has become `https://brand.example/`.
      // https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
      const answer = await oauth.authorizationCodeGrantRequest(
        server, this.#client, this.#authentication, parameters, redirectUri, codeVerifier ?? oauth.nopkce, this.#outgoing())
      const tokens = await oauth.processAuthorizationCodeResponse(server, this.#client, answer, {
        requireIdToken: true,
        ...(nonce !== undefined && { expectedNonce: nonce }),
        ...(maxAge !== undefined && { maxAge })
      })
      await this.#checkSignature(configuration, answer)
      const claims = oauth.getValidatedIdTokenClaims(tokens)!
      return {
        identity: identityOf(claims),
        original: originalClaimsOf(claims),
        accessTokenExpiresIn: tokens.expires_in,
        refreshToken: tokens.refresh_token
      }
    } catch (error) {
      throw this.#doubting(toOidcError(error, 'code', [code, codeVerifier], this.#expectationsOf(request)))
    }
  }

  /**
   * Validate the ID token of an implicit flow.
   *
   * @returns the user in it, and the seconds that it is still valid
   * @throws {OidcError}
   * @see https://openid.net/specs/openid-connect-core-1_0.html#ImplicitAuthResponse
   */
  async validateIdToken ({ idToken, ...request }: ImplicitResponse) {
    const configuration = await this.#discover('implicit')
    const { nonce, maxAge, iss } = request
    const response = new URL(this.#issuer)
    response.hash = new URLSearchParams({ id_token: idToken, ...(iss !== undefined && { iss }) }).toString()
    try {
      const claims = await client.implicitAuthentication(configuration, response, nonce, {
        expectedState: client.skipStateCheck,
        ...(maxAge !== undefined && { maxAge })
      })
      const left = claims.exp - Math.floor(Date.now() / 1000)
      // Where it has expired by our clock alone, it lives for as long as it is taken.
      return { identity: identityOf(claims), expiresIn: left > 0 ? left : left + this.#clockToleranceSeconds }
    } catch (error) {
      throw toOidcError(error, 'ID token', [idToken], this.#expectationsOf(request))
    }
  }

  /**
   * Have the identity provider renew a sign-in: it refuses when the user was disabled or has signed out there.
   *
   * @param original of the ID token that the first refresh token came with
   * @returns the access token's life; the refresh token and the user's claims where they came anew
   * @throws {OidcError}
   * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
   */
  async refresh (refreshToken: string, original: OriginalClaims) {
    const configuration = await this.#discover('code')
    const tokens = await client.refreshTokenGrant(configuration, refreshToken).catch(error => {
      throw this.#doubting(toOidcError(error, 'refresh token', [refreshToken], this.#expectationsOf({})))
    })
    const claims = tokens.claims()
    const differs = claims && discontinuityOf(claims, original)
    if (differs) {
      throw new OidcError('invalid_response', `the identity provider has renewed another sign-in than this one: ${differs} differs`)
    }
    return {
      identity: claims && identityOf(claims),
      accessTokenExpiresIn: tokens.expires_in,
      refreshToken: tokens.refresh_token
    }
  }

  /** Single flight: what is known of the identity provider, for one of the flows, asked for once. */
  async #discover (flow: Flow): Promise<client.Configuration> {
    this.#discovered ??= client.discovery(new URL(this.#issuer), this.#client.client_id, undefined, client.None(), {
      [client.customFetch]: fetch, timeout: answerTimeoutSeconds, execute: this.#insecure
    }).then(found => {
      const server = found.serverMetadata()
      return { code: this.#configure(server, 'code'), implicit: this.#configure(server, 'implicit') }
    }).catch(error => {
      this.#discovered = undefined
      throw new OidcError('unavailable', `the identity provider cannot be discovered: ${inWords(error)}`, { cause: error })
    })
    const known = await this.#discovered
    known[flow] = readyForNewKeys(known[flow], () => this.#configure(known[flow].serverMetadata(), flow), {
      cooldownSeconds: cooldownSecondsOf[flow]
    })
    return known[flow]
  }

  #configure (server: client.ServerMetadata, flow: Flow): client.Configuration {
    const metadata = { [client.clockTolerance]: this.#clockToleranceSeconds }
    const configuration = new client.Configuration(server, this.#client.client_id, metadata, this.#authentication)
    configuration[client.customFetch] = fetch
    configuration.timeout = answerTimeoutSeconds
    const adjust = { code: client.enableNonRepudiationChecks, implicit: client.useIdTokenResponseType }[flow]
    for (const change of [adjust, ...this.#insecure]) change(configuration)
    return configuration
  }

  /** Refetch: what is not signed with the key of its name may be signed with the one that has that name now. */
  #doubting (error: OidcError): OidcError {
    if (error.failure === 'invalid_response') this.#discovered = undefined
    return error
  }

  #outgoing () {
    return {
      [oauth.customFetch]: fetch,
      [oauth.allowInsecureRequests]: this.#insecure.length > 0,
      signal: AbortSignal.timeout(answerTimeoutSeconds * 1000)
    }
  }

  /** With the keys that are known to openid-client, as it checks those of refreshed ID tokens itself. */
  async #checkSignature (configuration: client.Configuration, answer: Response): Promise<void> {
    const keys: oauth.JWKSCacheInput = client.getJwksCache(configuration) ?? {}
    await oauth.validateApplicationLevelSignature(configuration.serverMetadata(), answer, { ...this.#outgoing(), [oauth.jwksCache]: keys })
    client.setJwksCache(configuration, keys as oauth.ExportedJWKSCache)
  }

  #expectationsOf ({ nonce, maxAge }: AuthorizationRequest): Expectations {
    return { issuer: this.#issuer, clientId: this.#client.client_id, nonce, maxAge }
  }
}
