import * as client from 'openid-client'
import { validateAuthResponse } from 'oauth4webapi'
import { decodeJwt } from 'jose'
import type { Logger } from '#lib/server/http-server.ts'
import { discontinuityOf } from '#lib/oidc/refreshed-id-token.ts'
import type { ProviderConfig } from '../config.ts'
import { asRefusal, Refusal } from '../refusal.ts'
import { requirementsOf, type AuthenticationRequirements } from './authentication-requirements.ts'
import { newAuthorizationRequest, parametersOf, type AuthorizationRequest } from './authorization-request.ts'
import { askProvider, issued, type DiscoveredProvider } from './discovered-provider.ts'
import { checkIssueTime } from './issue-time.ts'
import type { LogoutToken } from './logout-token.ts'
import { LookupWithBackoff } from './lookup-with-backoff.ts'
import { redeemCode, type SignIn } from './redeem-code.ts'
import { wellTyped } from './standard-claims.ts'
import { tokensOf, type Tokens } from './redeemed-tokens.ts'
import { explainUnsupportedPrompt } from './unsupported-prompt.ts'

/** Where a browser is to go to sign out at the provider. */
export interface SignOutRequest {
  state: string
  /** says who wants to sign out as far as that fits into a URL: the provider may have to ask */
  url: string
  /** what to post instead where there is more to say, such as the ID token of somebody who is in many groups */
  form: { action: string, fields: Record<string, string> } | undefined
}

// Servers and proxies take 8 KB as a rule, of all headers together some.
const maxUrlLength = 4_000

/** Genesys' own client: its codes are asked for here, and only Genesys can redeem them. */
interface MessengerClient { clientId: string, scope: string }

/** One identity provider, as the relying party sees it. Nobody else talks to it. */
export class IdentityProvider {
  readonly issuer: string
  /** path in this application where its responses to sign-ins arrive */
  readonly callback: string
  readonly discovery: LookupWithBackoff<DiscoveredProvider>
  readonly #config: ProviderConfig
  readonly #requirements: AuthenticationRequirements
  readonly #app: string
  readonly #messenger: MessengerClient
  readonly #log: Logger

  /** @param options.app origin of this application, as browsers see it */
  constructor (config: ProviderConfig, options: { app: string, callback: string, messenger: MessengerClient, log: Logger }) {
    this.issuer = config.issuer
    this.callback = options.callback
    this.discovery = new LookupWithBackoff(askProvider(config, options.messenger.clientId, options.log))
    this.#config = config
    this.#requirements = requirementsOf(config)
    this.#app = options.app
    this.#messenger = options.messenger
    this.#log = options.log
  }

  /** Where to send the browser to sign in, and what to remember until it comes back. */
  async startSignIn ({ loginHint }: { loginHint?: string | undefined } = {}): Promise<AuthorizationRequest & { url: string }> {
    const { configuration } = await this.discovery.get()
    const { scope, parameters, pushedAuthorizationRequests } = this.#config
    const { maxAge } = this.#requirements
    const offersToTakePushed = configuration.serverMetadata().pushed_authorization_request_endpoint !== undefined
    return this.#start(configuration, {
      // With it, `auth_time` must be in the ID token.
      ...(maxAge !== undefined && { max_age: String(maxAge) }),
      ...parameters,
      scope,
      redirect_uri: this.#urlOf(this.callback),
      ...(loginHint !== undefined && { login_hint: loginHint })
    }, pushedAuthorizationRequests === 'auto' && offersToTakePushed).catch(error => { throw this.#explained(error) })
  }

  /**
   * Check the response to `startSignIn` and redeem its code: state, `iss`, PKCE, nonce, `auth_time`, `acr` and the whole ID
   * token, with its signature by the provider's keys.
   *
   * @param response path and query of the callback
   * @param options.isSignedIn whether there is a session with this provider in the browser. The provider may know it by the same
   *   grant; otherwise a refused sign-in gives back what it has brought
   * @throws {Refusal} when the provider or one of the checks says no
   */
  async finishSignIn (response: string, request: AuthorizationRequest, { isSignedIn }: { isSignedIn: boolean }): Promise<SignIn> {
    const given: { refreshToken?: string } = {}
    try {
      const { configuration } = await this.discovery.get()
      const callback = new URL(this.#urlOf(response))
      return await issued.run(given, () => this.#refusing(() =>
        redeemCode(configuration, { callback, request, provider: this.#config, requirements: this.#requirements })))
    } catch (error) {
      if (!isSignedIn) this.revoke(given)
      throw this.#explained(error)
    }
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
      if (claims) checkIssueTime(claims, this.#config)
      const differs = claims && discontinuityOf(claims, { ...decodeJwt(idToken), sub })
      if (differs) {
        throw new Refusal('invalid_id_token', { description: `the refreshed ID token does not continue the sign-in (${differs})` })
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
   * @param idTokenHint the person's ID token, as `hintOf` gives it
   * @throws {Refusal} when the provider would refuse it in any case
   */
  async startMessengerSignIn (
    sub: string, { prompt, idTokenHint }: { prompt?: 'none' | undefined, idTokenHint?: string | undefined }
  ): Promise<AuthorizationRequest & { url: string }> {
    const { messenger } = await this.discovery.get()
    // Only Genesys could push: it takes the client's secret. https://www.rfc-editor.org/rfc/rfc9126#section-5
    if (messenger.serverMetadata().require_pushed_authorization_requests === true) throw new Refusal('pushed_requests_only')
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
   * Check the response to `startMessengerSignIn`, and leave its code alone: only Genesys can redeem it.
   *
   * @returns the code, the redirect URI it is bound to, and the issuer if the provider names itself
   * @throws {Refusal} when the provider or one of the checks says no
   */
  async finishMessengerSignIn (response: string, { state }: AuthorizationRequest) {
    const { messenger } = await this.discovery.get()
    return this.#refusing(async () => {
      const parameters = validateAuthResponse(
        messenger.serverMetadata(), messenger.clientMetadata(), new URL(this.#urlOf(response)), state)
      const authCode = parameters.get('code')
      if (!authCode) throw new Refusal('invalid_response', { description: 'the authorization response has no code' })
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
    if (href.length <= maxUrlLength) return { state, url: href, form: undefined }
    const url = client.buildEndSessionUrl(configuration, parameters).href
    return { state, url, form: { action: endpoint, fields: { client_id: this.#config.clientId, ...hinted } } }
  }

  /**
   * Check what the provider has sent to say that a session is over.
   *
   * @throws {Refusal} when it is not from the provider, not for us, or no logout token
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
  revoke ({ refreshToken }: { refreshToken?: string | undefined }): void {
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
   * @throws {Refusal} when it takes no connections
   */
  async checkConnection (): Promise<void> {
    const { checkConnection } = await this.discovery.get()
    await checkConnection().catch(cause => {
      const description = `no connection (${(cause as NodeJS.ErrnoException).code ?? 'no reason was given'})`
      throw new Refusal('provider_unavailable', { statusCode: 503, description, cause })
    })
  }

  #explained (error: unknown): unknown {
    return explainUnsupportedPrompt(error, this.#config.parameters.prompt, this.discovery.found?.configuration.serverMetadata())
  }

  async #start (configuration: client.Configuration, parameters: Record<string, string>, push = false) {
    await this.checkConnection()
    const request = newAuthorizationRequest()
    const all = { ...parameters, ...await parametersOf(request) }
    const url = push
      ? await this.#refusing(() => client.buildAuthorizationUrlWithPAR(configuration, all))
      : client.buildAuthorizationUrl(configuration, all)
    return { ...request, url: url.href }
  }

  /** A URL of this application, as the browser sees it: never from the Host header, which anybody can write. */
  #urlOf (path: string): string {
    return `${this.#app}${path}`
  }

  async #refusing<R> (ask: () => Promise<R>): Promise<R> {
    try {
      return await ask()
    } catch (error) {
      const refused = asRefusal(error)
      // What is not signed with the key of its name may be signed with the one that has that name now.
      if (refused instanceof Refusal && refused.error === 'invalid_id_token') this.discovery.start()
      throw refused
    }
  }
}
