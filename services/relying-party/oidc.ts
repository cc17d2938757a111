import * as client from 'openid-client'
import { validateAuthResponse } from 'oauth4webapi'
import { fetch } from '#lib/outbound.ts'
import type { Logger } from '#lib/http-server.ts'
import type { RelyingPartyConfig } from './config.ts'
import { SignInError } from './errors.ts'

/** What must be remembered between an authorization request and its response. Fresh for each request. */
export interface AuthorizationRequest {
  state: string
  nonce: string
  codeVerifier: string
}

/** What a redeemed code tells. */
export interface SignIn {
  /** claims about the person, `sub` among them */
  user: client.UserInfoResponse
  /** for `id_token_hint` */
  idToken: string
  accessToken: string
  refreshToken: string | undefined
}

const firstDelay = 250
const longestDelay = 5_000

/**
 * The identity provider, as the relying party sees it. Nobody else talks to it.
 *
 * Discovery waits for nobody: it is tried in the background until it succeeds, and at once when somebody needs it.
 */
export class IdentityProvider {
  readonly #config: RelyingPartyConfig
  readonly #log: Logger
  #discovered: client.Configuration | undefined
  #discovering: Promise<client.Configuration> | undefined
  #failure: string | undefined = 'discovery has not been tried yet'
  #timer: NodeJS.Timeout | undefined

  constructor (config: RelyingPartyConfig, log: Logger) {
    this.#config = config
    this.#log = log
  }

  /** Why no sign-in can be started now, or nothing when one can. */
  get notReady (): string | undefined {
    return this.#discovered ? undefined : this.#failure
  }

  /**
   * Try discovery until it succeeds, with growing pauses. It can be done again: until there is an answer, what is known of
   * the provider and of its keys stays in use.
   */
  startDiscovering (delay = firstDelay): void {
    clearTimeout(this.#timer)
    this.#discoverOnce().catch(() => {
      this.#timer = setTimeout(() => this.startDiscovering(Math.min(delay * 2, longestDelay)), delay)
      this.#timer.unref()
    })
  }

  stopDiscovering (): void {
    clearTimeout(this.#timer)
  }

  /** Where to send the browser to sign in, and what to remember until it comes back. */
  async startSignIn (): Promise<AuthorizationRequest & { url: string }> {
    return this.#start(await this.#configuration(), '/callback', { scope: this.#config.oidc.scope })
  }

  /**
   * Check the response to `startSignIn` and redeem its code: state, `iss`, PKCE, nonce and the whole ID token, with its
   * signature by the provider's keys.
   *
   * @param response path and query of the callback
   * @throws {SignInError} when the provider or one of the checks says no
   */
  async finishSignIn (response: string, request: AuthorizationRequest): Promise<SignIn> {
    const configuration = await this.#configuration()
    try {
      const tokens = await client.authorizationCodeGrant(configuration, this.#urlOf(response), {
        expectedState: request.state,
        expectedNonce: request.nonce,
        pkceCodeVerifier: request.codeVerifier,
        idTokenExpected: true
      })
      // The subject of the ID token must be that of the userinfo response too.
      // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
      const user = await client.fetchUserInfo(configuration, tokens.access_token, tokens.claims()!.sub)
      return { user, idToken: tokens.id_token!, accessToken: tokens.access_token, refreshToken: tokens.refresh_token }
    } catch (error) {
      throw refusal(error)
    }
  }

  /**
   * Where to send the browser for the Messenger's code: another authorization request, for Genesys' own client.
   *
   * @param sub who is signed in here: the code must be for the same person
   * @param prompt `none` for no page at all, nothing to let the provider show what it needs to
   */
  async startMessengerSignIn (sub: string, prompt: 'none' | undefined) {
    const configuration = await this.#messengerConfiguration()
    return this.#start(configuration, '/messenger/callback', {
      scope: this.#config.messenger.scope,
      ...(prompt && { prompt }),
      // https://openid.net/specs/openid-connect-core-1_0.html#AuthRequestValidation, on requesting a specific `sub`
      ...(configuration.serverMetadata().claims_parameter_supported && {
        claims: JSON.stringify({ id_token: { sub: { value: sub } } })
      })
    })
  }

  /**
   * Check the response to `startMessengerSignIn`, and leave its code alone: only Genesys can redeem it.
   *
   * @returns the code, the redirect URI it is bound to, and the issuer if the provider names itself
   * @throws {SignInError} when the provider or one of the checks says no
   */
  async finishMessengerSignIn (response: string, request: AuthorizationRequest) {
    const configuration = await this.#messengerConfiguration()
    try {
      const parameters = validateAuthResponse(
        configuration.serverMetadata(), configuration.clientMetadata(), this.#urlOf(response), request.state)
      const authCode = parameters.get('code')
      if (!authCode) throw new SignInError('invalid_response', { description: 'the response has no code' })
      return { authCode, redirectUri: this.#urlOf('/messenger/callback').href, iss: parameters.get('iss') ?? undefined }
    } catch (error) {
      throw refusal(error)
    }
  }

  /**
   * Where to send the browser so that the provider ends its session too.
   *
   * @returns nothing where the provider cannot be asked; then signing out here is all there is
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
   */
  endSessionUrl (idToken: string): string | undefined {
    if (!this.#discovered?.serverMetadata().end_session_endpoint) return undefined
    return client.buildEndSessionUrl(this.#discovered, {
      id_token_hint: idToken,
      post_logout_redirect_uri: this.#urlOf('/').href
    }).href
  }

  async #start (configuration: client.Configuration, callback: string, parameters: Record<string, string>) {
    const request = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier: client.randomPKCECodeVerifier()
    }
    const url = client.buildAuthorizationUrl(configuration, {
      ...parameters,
      redirect_uri: this.#urlOf(callback).href,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256'
    })
    return { ...request, url: url.href }
  }

  /** A URL of this application, as the browser sees it: never from the Host header, which anybody can write. */
  #urlOf (path: string): URL {
    return new URL(`${this.#config.app}${path}`)
  }

  async #messengerConfiguration () {
    const { clientId } = this.#config.messenger
    const configuration = new client.Configuration(
      (await this.#configuration()).serverMetadata(), clientId, undefined, client.None())
    for (const allow of this.#transport) allow(configuration)
    return configuration
  }

  get #transport () {
    // Deprecated so that it stands out: without it, no provider is talked to in the clear. The lab's is.
    return this.#config.issuer.startsWith('http:') ? [client.allowInsecureRequests] : []
  }

  #configuration (): Promise<client.Configuration> {
    return this.#discovered ? Promise.resolve(this.#discovered) : this.#discoverOnce()
  }

  #discoverOnce (): Promise<client.Configuration> {
    this.#discovering ??= this.#discover().finally(() => { this.#discovering = undefined })
    return this.#discovering
  }

  async #discover (): Promise<client.Configuration> {
    const { issuer, oidc } = this.#config
    try {
      const configuration = await client.discovery(
        new URL(issuer), oidc.clientId, undefined, client.ClientSecretBasic(oidc.clientSecret), {
          [client.customFetch]: fetch as unknown as client.CustomFetch,
          timeout: 10,
          execute: this.#transport
        })
      // The code flow may trust TLS in place of the signature. We look at both.
      client.enableNonRepudiationChecks(configuration)
      this.#discovered = configuration
      this.#log.info(`found the identity provider at ${issuer}`)
      return configuration
    } catch (error) {
      const failure = refusal(error)
      this.#failure = `no discovery document from ${issuer}: ${failure.description ?? failure.error}`
      throw new SignInError('provider_unavailable', { statusCode: 503, description: this.#failure, cause: error })
    }
  }
}

/** What openid-client says, in our terms. The one place where its errors are looked at. */
function refusal (error: unknown): SignInError {
  if (error instanceof SignInError) return error
  if (error instanceof client.AuthorizationResponseError) {
    return new SignInError(error.error, { description: error.error_description, cause: error })
  }
  if (error instanceof client.ResponseBodyError) {
    const statusCode = error.status >= 500 ? 502 : 400
    return new SignInError(error.error, { statusCode, description: error.error_description, cause: error })
  }
  if (error instanceof client.ClientError && error.code === 'OAUTH_TIMEOUT') {
    return new SignInError('provider_unavailable', { statusCode: 503, description: 'it did not answer in time', cause: error })
  }
  const { message, code, cause } = error as Error & { code?: string }
  // What fetch throws when there is no connection
  if (error instanceof TypeError && code === undefined) {
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? message
    return new SignInError('provider_unavailable', { statusCode: 503, description: `no connection (${reason})`, cause: error })
  }
  const reason = cause instanceof Error ? cause.message : undefined
  return new SignInError('invalid_response', {
    description: [message, reason].filter((text, index, all) => text && all.indexOf(text) === index).join(': '), cause: error
  })
}
