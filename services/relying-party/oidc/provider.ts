import * as client from 'openid-client'
import { validateAuthResponse } from 'oauth4webapi'
import { decodeJwt } from 'jose'
import type { Logger } from '#lib/http-server.ts'
import type { ProviderConfig } from '../config.ts'
import { Discovery } from './discovery.ts'
import { SignInError } from '../errors.ts'
import type { LogoutToken } from './logout-token.ts'
import { aboutThePerson, wellTyped } from './claims.ts'
import { askProvider, type DiscoveredProvider } from './client.ts'
import { demandsOf, isAcrOf, type Demands } from './demands.ts'
import { refusal } from './refusals.ts'

/** What must be remembered between an authorization request and its response. Fresh for each request. */
export interface AuthorizationRequest {
  state: string
  nonce: string
  codeVerifier: string
  /** milliseconds since the epoch */
  startedAt: number
}

/** What a redeemed code or refresh token brings. */
export interface Tokens {
  accessToken: string
  /** milliseconds since the epoch; nothing where the provider does not say */
  expiresAt: number | undefined
  refreshToken: string | undefined
  /** for `id_token_hint` */
  idToken: string
}

/** What a redeemed code tells. */
export interface SignIn {
  issuer: string
  /** claims about the person, `sub` among them */
  user: client.UserInfoResponse
  /** the provider's own session, by which it can say that this one is over */
  sid: string | undefined
  tokens: Tokens
}

/** Where a browser is to go to sign out at the provider. */
export interface SignOutRequest {
  state: string
  /** says who wants to sign out as far as that fits into a URL: the provider may have to ask */
  url: string
  /** what to post instead where there is more to say, such as the ID token of somebody who is in many groups */
  form: { action: string, fields: Record<string, string> } | undefined
}

// Servers and proxies take 8 KB as a rule, of all headers together some.
const longestUrl = 4_000

/** Genesys' own client: its codes are asked for here, and only Genesys can redeem them. */
interface MessengerClient { clientId: string, scope: string }

// With the rest of the request it stays below the 4,000 characters that every server and proxy takes.
const longestHint = 3_000

/** One identity provider, as the relying party sees it. Nobody else talks to it. */
export class IdentityProvider {
  readonly issuer: string
  /** path in this application where its responses to sign-ins arrive */
  readonly callback: string
  /** seconds that it is given for each answer */
  readonly timeout: number
  readonly discovery: Discovery<DiscoveredProvider>
  readonly #config: ProviderConfig
  readonly #demands: Demands
  readonly #app: string
  readonly #messenger: MessengerClient
  readonly #log: Logger

  /** @param options.app origin of this application, as browsers see it */
  constructor (config: ProviderConfig, options: { app: string, callback: string, messenger: MessengerClient, log: Logger }) {
    this.issuer = config.issuer
    this.callback = options.callback
    this.timeout = config.timeout
    this.discovery = new Discovery(askProvider(config, options.messenger.clientId, options.log))
    this.#config = config
    this.#demands = demandsOf(config)
    this.#app = options.app
    this.#messenger = options.messenger
    this.#log = options.log
  }

  /** Where to send the browser to sign in, and what to remember until it comes back. */
  async startSignIn ({ loginHint }: { loginHint?: string | undefined } = {}): Promise<AuthorizationRequest & { url: string }> {
    const { configuration } = await this.discovery.get()
    const { scope, parameters, pushedAuthorizationRequests } = this.#config
    const { maxAge } = this.#demands
    const offersToTakePushed = configuration.serverMetadata().pushed_authorization_request_endpoint !== undefined
    return this.#start(configuration, {
      // With it, `auth_time` must be in the ID token.
      ...(maxAge !== undefined && { max_age: String(maxAge) }),
      ...parameters,
      scope,
      redirect_uri: this.#urlOf(this.callback),
      ...(loginHint !== undefined && { login_hint: loginHint })
    }, pushedAuthorizationRequests === 'auto' && offersToTakePushed)
  }

  /**
   * Check the response to `startSignIn` and redeem its code: state, `iss`, PKCE, nonce, `auth_time`, `acr` and the whole ID
   * token, with its signature by the provider's keys.
   *
   * @param response path and query of the callback
   * @throws {SignInError} when the provider or one of the checks says no
   */
  async finishSignIn (response: string, request: AuthorizationRequest): Promise<SignIn> {
    const { configuration } = await this.discovery.get()
    const { maxAge } = this.#demands
    // Who has signed in since they were sent away has done so recently enough, however long they took over it.
    const underWay = Math.ceil((Date.now() - request.startedAt) / 1000)
    return this.#refusing(async () => {
      const answer = await client.authorizationCodeGrant(configuration, new URL(this.#urlOf(response)), {
        expectedState: request.state,
        expectedNonce: request.nonce,
        pkceCodeVerifier: request.codeVerifier,
        ...(maxAge !== undefined && { maxAge: Math.max(maxAge, underWay) }),
        idTokenExpected: true
      })
      const claims = answer.claims()!
      // openid-client looks at azp only where there are several audiences.
      // https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, step 5
      if (claims.azp !== undefined && claims.azp !== this.#config.clientId) {
        throw new SignInError('invalid_id_token', { description: 'the ID token was issued to another application (azp)' })
      }
      this.#checkIssueTime(claims)
      if (!isAcrOf(this.#demands, claims['acr'])) {
        throw new SignInError('unmet_authentication_requirements', {
          description: 'the ID token does not say that the person has signed in in the way that was asked for (acr)'
        })
      }
      const user = await this.#user(configuration, answer.access_token, claims)
      const sid = typeof claims['sid'] === 'string' && claims['sid'] !== '' ? claims['sid'] : undefined
      return { issuer: this.issuer, user, sid, tokens: tokensOf(answer, answer.id_token!) }
    })
  }

  /**
   * Claims about the person, as the provider has them now.
   *
   * @param sub the person: an answer about somebody else is refused
   * @see https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
   */
  async fetchProfile (accessToken: string, sub: string): Promise<client.UserInfoResponse> {
    const { configuration } = await this.discovery.get()
    return this.#refusing(async () => wellTyped(await client.fetchUserInfo(configuration, accessToken, sub)))
  }

  /**
   * New tokens for old.
   *
   * @param sub the person: an ID token of somebody else is refused
   * @see https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
   */
  async refresh (refreshToken: string, sub: string, { idToken }: Tokens): Promise<Tokens> {
    const { configuration } = await this.discovery.get()
    return this.#refusing(async () => {
      const answer = await client.refreshTokenGrant(configuration, refreshToken)
      const claims = answer.claims()
      if (claims) this.#checkIssueTime(claims)
      const original = decodeJwt(idToken)
      const differs = claims && ['sub', 'azp', 'auth_time', 'nonce'].find(name => isOther(name, claims[name], { ...original, sub }[name]))
      if (differs) {
        throw new SignInError('invalid_id_token', { description: `the refreshed ID token does not continue the sign-in (${differs})` })
      }
      const { refreshToken: rotated, ...tokens } = tokensOf(answer, answer.id_token ?? idToken)
      return { ...tokens, refreshToken: rotated ?? refreshToken }
    })
  }

  /**
   * Where to send the browser for the Messenger's code: another authorization request, for Genesys' own client.
   *
   * @param sub who is signed in here: the code must be for the same person
   * @param prompt `none` for no page at all, nothing to let the provider show what it needs to
   * @param idTokenHint the person's ID token, as `messengerHint` lets it be sent
   * @throws {SignInError} when the provider would refuse it in any case
   */
  async startMessengerSignIn (
    sub: string, { prompt, idTokenHint }: { prompt?: 'none' | undefined, idTokenHint?: string | undefined }
  ): Promise<AuthorizationRequest & { url: string }> {
    const { messenger } = await this.discovery.get()
    // Only Genesys could push: it takes the client's secret. https://www.rfc-editor.org/rfc/rfc9126#section-5
    if (messenger.serverMetadata().require_pushed_authorization_requests === true) throw new SignInError('pushed_requests_only')
    return this.#start(messenger, {
      ...(idTokenHint !== undefined && { id_token_hint: idTokenHint }),
      scope: this.#messenger.scope,
      redirect_uri: this.#urlOf('/messenger/callback'),
      ...(prompt && { prompt }),
      // https://openid.net/specs/openid-connect-core-1_0.html#AuthRequestValidation, on requesting a specific `sub`
      ...(messenger.serverMetadata().claims_parameter_supported && {
        claims: JSON.stringify({ id_token: { sub: { value: sub } } })
      })
    })
  }

  /**
   * Whether an ID token of this application may be sent as `id_token_hint` with `prompt: 'none'`. It should be one of the same
   * client, and strict providers refuse any other; those that insist on one have to be given what there is.
   *
   * @returns `never` where it would make the URL too long
   * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
   */
  messengerHint (idToken: string | undefined): 'at once' | 'if it is asked for' | 'never' {
    if (idToken === undefined || idToken.length > longestHint) return 'never'
    return [decodeJwt(idToken).aud].flat().includes(this.#messenger.clientId) ? 'at once' : 'if it is asked for'
  }

  /**
   * Check the response to `startMessengerSignIn`, and leave its code alone: only Genesys can redeem it.
   *
   * @returns the code, the redirect URI it is bound to, and the issuer if the provider names itself
   * @throws {SignInError} when the provider or one of the checks says no
   */
  async finishMessengerSignIn (response: string, { state }: AuthorizationRequest) {
    const { messenger } = await this.discovery.get()
    return this.#refusing(async () => {
      const parameters = validateAuthResponse(
        messenger.serverMetadata(), messenger.clientMetadata(), new URL(this.#urlOf(response)), state)
      const authCode = parameters.get('code')
      if (!authCode) throw new SignInError('invalid_response', { description: 'the authorization response has no code' })
      return { authCode, redirectUri: this.#urlOf('/messenger/callback'), iss: parameters.get('iss') ?? undefined }
    })
  }

  /**
   * Where to send the browser so that the provider ends its session too, and what to remember until it comes back.
   *
   * @returns nothing where the provider cannot be asked; then signing out here is all there is
   * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
   */
  startSignOut (idToken: string | undefined): SignOutRequest | undefined {
    const configuration = this.discovery.found?.configuration
    const { end_session_endpoint: endpoint } = configuration?.serverMetadata() ?? {}
    if (!configuration || endpoint === undefined) return undefined
    const state = client.randomState()
    const parameters = { post_logout_redirect_uri: this.#urlOf('/logout/callback'), state }
    const hinted = { ...parameters, ...(idToken !== undefined && { id_token_hint: idToken }) }
    const { href } = client.buildEndSessionUrl(configuration, hinted)
    if (href.length <= longestUrl) return { state, url: href, form: undefined }
    const url = client.buildEndSessionUrl(configuration, parameters).href
    return { state, url, form: { action: endpoint, fields: { client_id: this.#config.clientId, ...hinted } } }
  }

  /**
   * Check what the provider has sent to say that a session is over.
   *
   * @throws {SignInError} when it is not from the provider, not for us, or no logout token
   */
  async checkLogoutToken (token: string): Promise<LogoutToken> {
    const { checkLogoutToken } = await this.discovery.get()
    return checkLogoutToken(token)
  }

  /**
   * Give back the refresh token that nobody here has a use for any more, and with it what it stands for. In the background, and
   * once: nobody waits for it, and where it fails the token ends when the provider says so.
   *
   * @see https://www.rfc-editor.org/rfc/rfc7009#section-2
   */
  revoke ({ refreshToken }: Tokens): void {
    if (refreshToken === undefined) return
    const ask = async () => {
      const { configuration } = await this.discovery.get()
      if (!configuration.serverMetadata().revocation_endpoint) return
      await this.#refusing(() => client.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }))
    }
    ask().catch((error: Error) => this.#log.warn(`a refresh token could not be revoked: ${error.message}`))
  }

  /** Whether it goes by this issuer identifier. That of its metadata and ours may differ in a slash at the end of the host. */
  isOf (issuer: string): boolean {
    return issuer === this.issuer || issuer === this.discovery.found?.configuration.serverMetadata().issuer
  }

  /** Origins that a browser meets on its way through the provider. */
  get origins (): string[] {
    return this.discovery.found?.origins ?? [new URL(this.issuer).origin]
  }

  /**
   * To be called before a browser is sent there, as a browser says nothing that would help when nobody is.
   *
   * @throws {SignInError} when it takes no connections
   */
  async checkConnection (): Promise<void> {
    const { checkConnection } = await this.discovery.get()
    await checkConnection().catch(cause => {
      const description = `no connection (${(cause as NodeJS.ErrnoException).code ?? 'no reason was given'})`
      throw new SignInError('provider_unavailable', { statusCode: 503, description, cause })
    })
  }

  async #start (configuration: client.Configuration, parameters: Record<string, string>, push = false) {
    await this.checkConnection()
    const request = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      codeVerifier: client.randomPKCECodeVerifier(),
      startedAt: Date.now()
    }
    const all = {
      ...parameters,
      state: request.state,
      nonce: request.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256'
    }
    const url = push
      ? await this.#refusing(() => client.buildAuthorizationUrlWithPAR(configuration, all))
      : client.buildAuthorizationUrl(configuration, all)
    return { ...request, url: url.href }
  }

  async #user (
    configuration: client.Configuration, accessToken: string, claims: client.IDToken
  ): Promise<client.UserInfoResponse> {
    const { sub } = claims
    if (!configuration.serverMetadata().userinfo_endpoint) return { ...aboutThePerson(claims), sub }
    // The subject of the ID token must be that of the userinfo response too.
    // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
    return { ...aboutThePerson(claims), ...wellTyped(await client.fetchUserInfo(configuration, accessToken, sub)) }
  }

  /**
   * openid-client does not look at when an ID token was issued. Where the provider is ahead of us by more than we tolerate, what
   * it says of sign-outs is refused, so nobody is signed in either.
   *
   * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, step 10
   */
  #checkIssueTime ({ iat }: client.IDToken): void {
    const { clockTolerance } = this.#config
    if (iat - Date.now() / 1000 <= clockTolerance) return
    throw new SignInError('invalid_id_token', {
      description: 'the ID token is from the future (iat): the clocks of the identity provider and of this application are more ' +
        `than ${clockTolerance} s apart (OIDC_CLOCK_TOLERANCE)`
    })
  }

  /** A URL of this application, as the browser sees it: never from the Host header, which anybody can write. */
  #urlOf (path: string): string {
    return `${this.#app}${path}`
  }

  async #refusing<R> (ask: () => Promise<R>): Promise<R> {
    try {
      return await ask()
    } catch (error) {
      const refused = refusal(error)
      // What is not signed with the key of its name may be signed with the one that has that name now.
      if (refused instanceof SignInError && refused.error === 'invalid_id_token') this.discovery.start()
      throw refused
    }
  }
}

// Either ID token may be without these.
const optional = new Set(['auth_time', 'nonce'])

const isOther = (name: string, claim: unknown, original: unknown) =>
  claim !== original && !(optional.has(name) && [claim, original].includes(undefined))

function tokensOf (answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers, idToken: string): Tokens {
  const expiresIn = answer.expiresIn()
  return {
    accessToken: answer.access_token,
    expiresAt: expiresIn === undefined ? undefined : Date.now() + expiresIn * 1000,
    refreshToken: answer.refresh_token,
    idToken
  }
}
