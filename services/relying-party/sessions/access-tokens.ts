import { openSingleFlight } from '#lib/concurrency/single-flight.ts'
import type { Store } from '#lib/store/store.ts'
import { Refusal } from '../refusal.ts'
import type { IdentityProvider } from '../oidc/identity-provider.ts'
import type { IdentityProviders } from '../oidc/identity-providers.ts'
import type { Tokens } from '../oidc/redeemed-tokens.ts'
import type { Session, UserSessions } from './user-sessions.ts'

// A token that is about to run out would do so on its way.
const expiryMarginMs = 30_000
// Cooldown: while the token that there is still works, a provider that fails is not asked by every request.
const pauseAfterFailureSeconds = 5

// The others are about the provider or this application, not about the session. That it wants to see the person is not in
// RFC 6749, but said here by Entra ID and Auth0, when a second factor is asked for or a consent has been withdrawn.
const fatalRefreshErrors = new Set([
  'invalid_grant', 'invalid_id_token', 'interaction_required', 'login_required', 'consent_required', 'mfa_required'
])

/**
 * Access tokens that work, refreshed when they are about to run out.
 *
 * Single flight, and a lease between processes: a refresh token that rotates works once, and one that is used twice looks stolen to
 * the provider, which then ends everything (https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2). So of a session's requests, in this
 * process or in another one on the same store, one refreshes and the others wait for what it brings.
 */
export class AccessTokens {
  readonly #providers: IdentityProviders
  readonly #sessions: UserSessions
  readonly #refreshOnce
  readonly #pauses

  constructor (store: Store, { providers, sessions }: { providers: IdentityProviders, sessions: UserSessions }) {
    this.#providers = providers
    this.#sessions = sessions
    this.#refreshOnce = openSingleFlight<Tokens>(store, 'refresh-locks')
    this.#pauses = store.collection<true>('refresh-pauses')
  }

  /**
   * @param rejected a token that the provider does not take any more, whatever it says of its lifetime
   * @throws {Refusal} `session_ended` when the provider has ended the session, and so has this; `login_required` when
   *   there is nothing to refresh with; `provider_unavailable` when it cannot be asked now: then the session stays
   */
  async of (session: Session, rejected?: string): Promise<string> {
    const tokens = await this.#tokensOf(session)
    if (isFresh(tokens) && tokens.accessToken !== rejected) return tokens.accessToken
    const stillWorks = tokens.accessToken !== rejected && isAlive(tokens)
    if (stillWorks && (tokens.refreshToken === undefined || await this.#pauses.get(session.id))) return tokens.accessToken
    if (tokens.refreshToken === undefined) throw new Refusal('login_required', { statusCode: 401 })

    try {
      return (await this.#refresh(session, tokens)).accessToken
    } catch (error) {
      if (!(error instanceof Refusal) || error.error === 'session_ended' || !stillWorks) throw error
      // There is time yet to try again.
      await this.#pauses.set(session.id, true, { ttl: pauseAfterFailureSeconds })
      return tokens.accessToken
    }
  }

  async #refresh (session: Session, spent: Tokens): Promise<Tokens> {
    const provider = this.#providers.of(session.issuer)
    return await this.#refreshOnce(session.id, () => this.#refreshAlone(provider, session, spent))
  }

  async #refreshAlone (provider: IdentityProvider, session: Session, spent: Tokens): Promise<Tokens> {
    try {
      const tokens = await this.#tokensOf(session)
      if (tokens.accessToken !== spent.accessToken || tokens.refreshToken === undefined) return tokens
      const refreshed = await provider.refresh(tokens.refreshToken, session.user.sub, tokens)
      const kept = await this.#sessions.replaceTokens(session.id, refreshed)
      if (!kept) {
        // It has ended meanwhile, and with it went the refresh token that these have replaced.
        provider.revoke(refreshed)
        throw new Refusal('session_ended', { statusCode: 401 })
      }
      return kept
    } catch (error) {
      throw await this.#endIfOver(session, error)
    }
  }

  /** A provider that is down for a moment ends no session. One that says no, or gives what must be refused, does. */
  async #endIfOver (session: Session, error: unknown): Promise<unknown> {
    if (!(error instanceof Refusal) || !fatalRefreshErrors.has(error.error)) return error
    await this.#sessions.end(session.id, 'refused_by_provider')
    return new Refusal('session_ended', { statusCode: 401, description: error.message, cause: error })
  }

  async #tokensOf ({ id }: Session): Promise<Tokens> {
    const tokens = await this.#sessions.tokensOf(id)
    if (!tokens) throw new Refusal('session_ended', { statusCode: 401 })
    return tokens
  }
}

const isFresh = ({ expiresAt }: Tokens) => expiresAt === undefined || expiresAt - Date.now() > expiryMarginMs
const isAlive = ({ expiresAt }: Tokens) => expiresAt === undefined || expiresAt > Date.now()
