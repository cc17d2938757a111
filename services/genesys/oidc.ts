import { AsyncLocalStorage } from 'node:async_hooks'
import * as client from 'openid-client'
import { fetch } from '#lib/outbound.ts'

/** Why a code could not be redeemed. Its message is a sentence for the log, without the code or any token. */
export class RedemptionError extends Error {
  override name = 'RedemptionError'
  /** `unavailable` when the identity provider could not answer, else an OAuth error code or one of openid-client's */
  readonly reason: string

  constructor (reason: string, message: string, cause: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** An authorization code, and what of its authorization request is needed to redeem it and to trust the ID token. */
export interface Redemption {
  code: string
  redirectUri: string
  nonce?: string | undefined
  maxAge?: number | undefined
  codeVerifier?: string | undefined
  iss?: string | undefined
}

/** Genesys as a confidential client of the identity provider. */
export function createOidcClient ({ issuer, client: { id, secret } }: {
  issuer: string
  client: { id: string, secret: string }
}) {
  const exactRedirectUri = new AsyncLocalStorage<string>()
  let discovered: Promise<client.Configuration> | undefined

  // RFC 6749 4.1.3 wants the redirect_uri of the authorization request, identical. openid-client takes it from the
  // callback's URL, where a query is lost and `https://brand.example` has become `https://brand.example/`.
  const fetchWithExactRedirectUri: client.CustomFetch = async (url, options) => {
    const { body } = options
    const redirectUri = exactRedirectUri.getStore()
    if (redirectUri !== undefined && body instanceof URLSearchParams && body.has('redirect_uri')) {
      body.set('redirect_uri', redirectUri)
    }
    return await fetch(url, options as Parameters<typeof fetch>[1]) as unknown as Response
  }

  function discover () {
    discovered ??= client.discovery(new URL(issuer), id, undefined, client.ClientSecretPost(secret), {
      [client.customFetch]: fetchWithExactRedirectUri,
      timeout: 10,
      execute: [
        client.enableNonRepudiationChecks,
        // Marked as deprecated only to stand out. The lab's issuer has no TLS.
        ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : [])
      ]
    }).catch(error => {
      discovered = undefined
      throw new RedemptionError('unavailable', `the identity provider cannot be discovered: ${inWords(error)}`, error)
    })
    return discovered
  }

  return {
    /**
     * Redeem an authorization code and validate the ID token that comes for it.
     *
     * @returns claims of the validated ID token, and what the access token's life and the refresh token are
     * @throws {RedemptionError}
     * @see https://openid.net/specs/openid-connect-core-1_0.html#TokenRequest
     */
    async redeemAuthorizationCode ({ code, redirectUri, nonce, maxAge, codeVerifier, iss }: Redemption) {
      const configuration = await discover()
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
        return { claims: tokens.claims()!, accessTokenExpiresIn: tokens.expires_in, refreshToken: tokens.refresh_token }
      } catch (error) {
        throw translate(error)
      }
    }
  }
}

export type OidcClient = ReturnType<typeof createOidcClient>

function translate (error: unknown): RedemptionError {
  if (error instanceof client.ResponseBodyError && error.status < 500) {
    const { error: reason, error_description: description } = error
    return new RedemptionError(reason, `the identity provider refused the code: ${reason}${description ? `, ${description}` : ''}`, error)
  }
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return new RedemptionError('invalid_client', 'the identity provider does not accept the client and secret of Genesys', error)
  }
  if (error instanceof client.ClientError && error.cause instanceof Error && error.code !== 'OAUTH_TIMEOUT') {
    return new RedemptionError(error.code ?? 'invalid_response', `the answer for the code is not valid: ${inWords(error)}`, error)
  }
  return new RedemptionError('unavailable', `the identity provider did not answer: ${inWords(error)}`, error)
}

/** The innermost message: openid-client's outer ones are general, undici's says no more than `fetch failed`. */
function inWords (error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return error.cause instanceof Error ? inWords(error.cause) : error.message
}
