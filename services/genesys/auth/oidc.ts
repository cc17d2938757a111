import { AsyncLocalStorage } from 'node:async_hooks'
import * as client from 'openid-client'
import { createPlainFetch } from '#lib/plain-fetch.ts'
import { readyForNewKeys } from '#lib/signing-keys.ts'
import { identityOf, type VerifiedIdentity } from './identity.ts'
import { explainRefusal, explainValidation, OidcError, type Expectations, type Presented } from './oidc-error.ts'

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

// An identity provider that has gone mad must not fill the memory.
const fetch = createPlainFetch({ mostBytes: 1024 * 1024 })

// ID tokens of the implicit flow come from anybody.
const restOf: Record<Flow, number> = { code: 0, implicit: 1 }

/**
 * Genesys as a confidential client of the identity provider.
 *
 * @param options.clockTolerance seconds by which the clock of the identity provider and ours may differ
 */
export function createOidcClient ({ issuer, client: { id, secret }, clockTolerance }: {
  issuer: string
  client: { id: string, secret: string }
  clockTolerance: number
}) {
  const exactRedirectUri = new AsyncLocalStorage<string>()
  let discovered: Promise<Record<Flow, client.Configuration>> | undefined

  // RFC 6749 4.1.3 wants the redirect_uri of the authorization request, identical. openid-client takes it from the
  // callback's URL, where a query is lost and `https://brand.example` has become `https://brand.example/`.
  const fetchWithExactRedirectUri: client.CustomFetch = async (url, options) => {
    const { body } = options
    const redirectUri = exactRedirectUri.getStore()
    if (redirectUri !== undefined && body instanceof URLSearchParams && body.has('redirect_uri')) {
      body.set('redirect_uri', redirectUri)
    }
    return await fetch(url, options)
  }

  const timeout = 10
  // Marked as deprecated only to stand out. The lab's issuer has no TLS.
  const insecure = issuer.startsWith('http:') ? [client.allowInsecureRequests] : []

  function configure (server: client.ServerMetadata, flow: Flow): client.Configuration {
    const authentication = client.ClientSecretPost(secret)
    const configuration = new client.Configuration(server, id, { [client.clockTolerance]: clockTolerance }, authentication)
    configuration[client.customFetch] = fetchWithExactRedirectUri
    configuration.timeout = timeout
    const adjust = { code: client.enableNonRepudiationChecks, implicit: client.useIdTokenResponseType }[flow]
    for (const change of [adjust, ...insecure]) change(configuration)
    return configuration
  }

  /** What is known of the identity provider, for one of the flows. */
  async function discover (flow: Flow): Promise<client.Configuration> {
    discovered ??= client.discovery(new URL(issuer), id, undefined, client.None(), {
      [client.customFetch]: fetchWithExactRedirectUri, timeout, execute: insecure
    }).then(found => {
      const server = found.serverMetadata()
      return { code: configure(server, 'code'), implicit: configure(server, 'implicit') }
    }).catch(error => {
      discovered = undefined
      throw new OidcError('unavailable', `the identity provider cannot be discovered: ${inWords(error)}`, { cause: error })
    })
    const known = await discovered
    known[flow] = readyForNewKeys(known[flow], () => configure(known[flow].serverMetadata(), flow), { rest: restOf[flow] })
    return known[flow]
  }

  /** What is not signed with the key of its name may be signed with the one that has that name now: so it is asked for again. */
  function doubting (error: OidcError): OidcError {
    if (error.failure === 'invalid_response') discovered = undefined
    return error
  }

  const expectationsOf = ({ nonce, maxAge }: AuthorizationRequest): Expectations => ({ issuer, clientId: id, nonce, maxAge })

  return {
    /** Ask for metadata and keys anew when they are needed next: what is known was dated by a clock that has been set since. */
    forgetProvider () {
      discovered = undefined
    },

    /**
     * Redeem an authorization code and validate the ID token that comes for it.
     *
     * @returns the user in the validated ID token, the access token's life and the refresh token
     * @throws {OidcError}
     * @see https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest
     */
    async redeemAuthorizationCode ({ code, redirectUri, codeVerifier, ...request }: Redemption) {
      const configuration = await discover('code')
      const { nonce, maxAge, iss } = request
      const callback = new URL(redirectUri)
      callback.search = new URLSearchParams({
        code,
        // Genesys' own mobile SDK never sends `iss`, even if the identity provider gave one (RFC 9207).
        iss: iss ?? configuration.serverMetadata().issuer
      }).toString()
      try {
        const tokens = await exactRedirectUri.run(redirectUri, () => client.authorizationCodeGrant(configuration, callback, {
          // The state was the page's to check.
          expectedState: client.skipStateCheck,
          idTokenExpected: true,
          ...(nonce !== undefined && { expectedNonce: nonce }),
          ...(maxAge !== undefined && { maxAge }),
          ...(codeVerifier !== undefined && { pkceCodeVerifier: codeVerifier })
        }))
        return {
          identity: identityOf(tokens.claims()!),
          accessTokenExpiresIn: tokens.expires_in,
          refreshToken: tokens.refresh_token
        }
      } catch (error) {
        throw doubting(translate(error, 'code', [code, codeVerifier], expectationsOf(request)))
      }
    },

    /**
     * Validate the ID token of an implicit flow.
     *
     * @returns the user in it, and the seconds that it is still valid
     * @throws {OidcError}
     * @see https://openid.net/specs/openid-connect-core-1_0.html#ImplicitAuthResponse
     */
    async validateIdToken ({ idToken, ...request }: ImplicitResponse) {
      const configuration = await discover('implicit')
      const { nonce, maxAge, iss } = request
      const response = new URL(issuer)
      response.hash = new URLSearchParams({ id_token: idToken, ...(iss !== undefined && { iss }) }).toString()
      try {
        const claims = await client.implicitAuthentication(configuration, response, nonce, {
          expectedState: client.skipStateCheck,
          ...(maxAge !== undefined && { maxAge })
        })
        const left = claims.exp - Math.floor(Date.now() / 1000)
        // Where it has expired by our clock alone, it lives for as long as it is taken.
        return { identity: identityOf(claims), expiresIn: left > 0 ? left : left + clockTolerance }
      } catch (error) {
        throw translate(error, 'ID token', [idToken], expectationsOf(request))
      }
    },

    /**
     * Have the identity provider renew a sign-in: it refuses when the user was disabled or has signed out there.
     *
     * @param identity whom the refresh token was given for
     * @returns the access token's life; the refresh token and the user's claims where they came anew
     * @throws {OidcError}
     * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
     */
    async refresh (refreshToken: string, { sub }: VerifiedIdentity) {
      const configuration = await discover('code')
      const tokens = await client.refreshTokenGrant(configuration, refreshToken).catch(error => {
        throw doubting(translate(error, 'refresh token', [refreshToken], expectationsOf({})))
      })
      const claims = tokens.claims()
      if (claims && claims.sub !== sub) {
        throw new OidcError('invalid_response', 'the identity provider has renewed the sign-in of somebody else: sub is another')
      }
      return {
        identity: claims && identityOf(claims),
        accessTokenExpiresIn: tokens.expires_in,
        refreshToken: tokens.refresh_token
      }
    }
  }
}

export type OidcClient = ReturnType<typeof createOidcClient>

/** @param secrets that an identity provider might quote */
function translate (cause: unknown, presented: Presented, secrets: (string | undefined)[], expected: Expectations): OidcError {
  if (cause instanceof client.ResponseBodyError && cause.status < 500 && cause.status !== 429) {
    const { reason, hint } = explainRefusal(presented, cause.error, without(secrets, cause.error_description))
    return new OidcError(cause.error === 'invalid_grant' ? 'invalid_grant' : 'client_refused', reason, { hint, cause })
  }
  if (cause instanceof client.WWWAuthenticateChallengeError) {
    return new OidcError('client_refused', 'the identity provider does not accept the client and secret of Genesys', {
      hint: 'Compare GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET with the client that is registered there.', cause
    })
  }
  if (cause instanceof client.ClientError && cause.cause instanceof Error && cause.code !== 'OAUTH_TIMEOUT') {
    const { reason, hint, failure = 'invalid_response' } = explainValidation(cause.cause, expected)
    return new OidcError(failure, reason, { hint, cause })
  }
  return new OidcError('unavailable', `the identity provider did not answer: ${inWords(cause)}`, { cause })
}

/** The innermost message: openid-client's outer ones are general, undici's says no more than `fetch failed`. */
function inWords (error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return error.cause instanceof Error ? inWords(error.cause) : error.message
}

const without = (secrets: (string | undefined)[], text: string | undefined) =>
  secrets.reduce<string | undefined>((rest, secret) => secret ? rest?.replaceAll(secret, '…') : rest, text)
