import { randomBytes } from 'node:crypto'
import type { Logger } from '#lib/server/http-server.ts'
import type { Keeping, Store } from '#lib/store/store.ts'
import type { SignIn } from '../oidc/redeem-code.ts'
import type { Tokens } from '../oidc/redeemed-tokens.ts'

/** A person who is signed in. Stays on the server: the browser has only the `id`, in an encrypted cookie. */
export interface Session extends Omit<SignIn, 'tokens'> {
  id: string
  /** what the list of one's sessions calls it: the id itself would let in whoever reads it */
  handle: string
  /** the browser, as it names itself in `User-Agent` */
  device: string
  /** milliseconds since the epoch, as all times here */
  startedAt: number
  /** to the minute */
  lastUsedAt: number
  /** the end, however much it is used */
  expiresAt: number
}

/** Tokens, and whose they are: of a session that has expired nothing else is left to say it. */
interface KeptTokens extends Tokens {
  owner: { issuer: string, sub: string }
}

/** Why a session that a browser still has the cookie of is no more. */
export type Ending = 'expired' | 'signed_out' | 'signed_out_elsewhere' | 'signed_out_at_provider' | 'refused_by_provider'

/** What the page's `getAuthCode` gives to the Messenger. */
export interface MessengerCode {
  authCode: string
  redirectUri: string
  nonce: string
  codeVerifier: string
  iss?: string | undefined
}

/** How long a session lives, in seconds. */
export interface Lifetimes {
  /** from the sign-in on */
  lifetime: number
  /** from the last request on */
  idleLifetime: number
}

// A code lives about a minute at most providers. One that waited longer than this is not worth handing over.
const messengerCodeSeconds = 45
const messengerRefusalSeconds = 60
const retryMs = 1_000
const endingSeconds = 24 * 60 * 60
// Longer than a callback takes with a provider that uses all the time it is given.
const lateSignInSeconds = 5 * 60

/** The sessions of this application, with the tokens of each and the code that waits for its Messenger. */
export class UserSessions {
  readonly #sessions
  readonly #tokens
  readonly #messengerCodes
  readonly #messengerRefusals
  readonly #hintRefusals
  readonly #endings
  readonly #overAtProvider
  readonly #lifetimes: Lifetimes
  readonly #writtenEvery: number
  #tellOfEnd: (id: string) => void = () => {}
  #tellOfTokens: (issuer: string, tokens: Tokens) => void = () => {}

  readonly #log: Logger
  /** sessions that have ended, and could not be deleted yet */
  readonly #tombstones = new Set<string>()

  constructor (store: Store, lifetimes: Lifetimes, log: Logger) {
    this.#log = log
    this.#sessions = store.collection<Session>('sessions')
    // Apart, since an ordinary request needs none, and they can be large.
    this.#tokens = store.collection<KeptTokens>('tokens', { onExpired: tokens => { this.#leaveExpired(tokens).catch(() => {}) } })
    this.#messengerCodes = store.collection<MessengerCode>('messenger-codes')
    this.#messengerRefusals = store.collection<string>('messenger-refusals')
    this.#hintRefusals = store.collection<true>('hint-refusals')
    this.#endings = store.collection<Ending>('endings')
    this.#overAtProvider = store.collection<true>('over-at-provider')
    this.#lifetimes = lifetimes
    // A request that writes costs many times what one does that reads.
    this.#writtenEvery = Math.min(60_000, lifetimes.idleLifetime * 100)
  }

  /** @returns a session; one that has ended where the provider has ended its own meanwhile */
  async start ({ tokens, ...signIn }: SignIn, device: string): Promise<Session> {
    const now = Date.now()
    const session: Session = {
      ...signIn,
      id: randomBytes(32).toString('base64url'),
      handle: randomBytes(9).toString('base64url'),
      device: device.slice(0, 300),
      startedAt: now,
      lastUsedAt: now,
      expiresAt: now + this.#lifetimes.lifetime * 1000
    }
    const keeping = this.#keepingOf(session)
    await Promise.all([
      this.#sessions.set(session.id, session, keeping),
      this.#tokens.set(session.id, { ...tokens, owner: { issuer: session.issuer, sub: session.user.sub } }, { ttl: keeping.ttl, tags: [session.id] })
    ])
    // Looked up after the session is there, as `endByProvider` looks for sessions after it has written: one sees the other.
    const { issuer, sid } = session
    const isOver = sid !== undefined && await this.#overAtProvider.get(providerSessionTag(issuer, sid))
    if (isOver) await this.end(session.id, 'signed_out_at_provider')
    return session
  }

  /** The session, as one that is in use now. */
  async use (id: string): Promise<Session | undefined> {
    const session = this.#tombstones.has(id) ? undefined : await this.#sessions.get(id)
    if (!session || Date.now() - session.lastUsedAt < this.#writtenEvery) return session
    const lastUsedAt = Date.now()
    const [used] = await Promise.allSettled([
      this.#sessions.update(id, session => ({ ...session, lastUsedAt }), session => this.#keepingOf(session)),
      this.#tokens.prolongTagged(id, this.#keepingOf({ ...session, lastUsedAt }).ttl)
    ])
    // On a full disk, say. Then it ends sooner; it is there, and one must be able to sign out of it.
    return used.status === 'fulfilled' ? used.value : session
  }

  /** Whether there is such a session, which does not count as use. */
  async isThere (id: string): Promise<boolean> {
    return !this.#tombstones.has(id) && await this.#sessions.get(id) !== undefined
  }

  /** All sessions of the person that this one is of, the latest first. */
  async ofSamePerson (session: Session): Promise<Session[]> {
    const all = await this.#sessions.tagged(personTag(session.issuer, session.user.sub), { newestFirst: true })
    return all.filter(({ id }) => !this.#tombstones.has(id))
  }

  /**
   * @param ending told to a browser that comes back with the cookie
   * @param options.continuedBy the sign-in that takes its place: where that is the same person's at the same provider, both have
   *   their tokens by one grant as a rule, and to give back those of the one would end those of the other
   */
  async end (id: string, ending: Ending, { continuedBy }: { continuedBy?: SignIn } = {}): Promise<void> {
    // Each by itself: on a full disk the session can be deleted even where the reason of its end cannot be written.
    const [deleted] = await Promise.allSettled([
      this.#delete(id, continuedBy), this.#endings.set(id, ending, { ttl: endingSeconds })
    ])
    if (deleted.status === 'rejected') this.#bury(id, deleted.reason)
    this.#tellOfEnd(id)
  }

  /** Whom to tell of sessions that are ended by this process. Those of other processes, and those that expire, are not told. */
  onEnd (tell: (id: string) => void): void {
    this.#tellOfEnd = tell
  }

  /** Who is to give back the tokens that nobody here has a use for any more. */
  onTokensLeft (tell: (issuer: string, tokens: Tokens) => void): void {
    this.#tellOfTokens = tell
  }

  /**
   * End what the provider names: one of its own sessions, or all of a person.
   *
   * @param options.signed the provider has said it, not just anybody: then it is kept, and holds for a sign-in by that session
   *   of its that is still on its way
   * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCActions
   */
  async endByProvider (
    issuer: string, { sid, sub }: { sid?: string | undefined, sub?: string | undefined }, { signed = false } = {}
  ): Promise<void> {
    const tag = sid !== undefined ? providerSessionTag(issuer, sid) : personTag(issuer, String(sub))
    const [kept] = await Promise.allSettled([
      signed && sid !== undefined ? this.#overAtProvider.set(tag, true, { ttl: lateSignInSeconds }) : undefined
    ])
    const named = (await this.#sessions.tagged(tag)).filter(session => sub === undefined || session.user.sub === sub)
    await Promise.all(named.map(({ id }) => this.end(id, 'signed_out_at_provider')))
    // It has ended what there was. What comes late may not know of it, so the provider had better say it again.
    if (kept.status === 'rejected') throw kept.reason
  }

  /** Why there is no session of this id. */
  async endingOf (id: string): Promise<Ending> {
    return await this.#endings.get(id) ?? 'expired'
  }

  tokensOf (id: string): Promise<Tokens | undefined> {
    return this.#tokens.get(id)
  }

  /** @returns nothing where the session has ended meanwhile: its tokens are not kept then either */
  replaceTokens (id: string, tokens: Tokens): Promise<Tokens | undefined> {
    return this.#tokens.update(id, ({ owner }) => ({ ...tokens, owner }))
  }

  async keepMessengerCode (id: string, code: MessengerCode): Promise<void> {
    await this.#messengerRefusals.delete(id)
    await this.#messengerCodes.set(id, code, { ttl: messengerCodeSeconds })
  }

  /** The code that waits for the Messenger: given once, as it can be redeemed once. */
  takeMessengerCode (id: string): Promise<MessengerCode | undefined> {
    return this.#messengerCodes.take(id)
  }

  /** Keep why the provider gave no code for the Messenger, so that pages say so and do not ask it again and again. */
  async keepMessengerRefusal (id: string, error: string): Promise<void> {
    await this.#messengerRefusals.set(id, error, { ttl: messengerRefusalSeconds })
  }

  /** The error code of the last refusal, for a minute. */
  messengerRefusalOf (id: string): Promise<string | undefined> {
    return this.#messengerRefusals.get(id)
  }

  /** Keep that the provider has refused an ID token as a hint. For this session: what a browser brings back is no matter of others. */
  async keepHintRefusal (id: string): Promise<void> {
    await this.#hintRefusals.set(id, true, { ttl: this.#lifetimes.lifetime })
  }

  /** Whether `keepHintRefusal` was called. */
  async hasHintRefusal (id: string): Promise<boolean> {
    return await this.#hintRefusals.get(id) === true
  }

  async #delete (id: string, continuedBy?: SignIn): Promise<void> {
    const [session, tokens] = await Promise.all([this.#sessions.take(id), this.#tokens.take(id), this.#messengerCodes.delete(id)])
    if (session && tokens && !isSamePerson(session, continuedBy)) this.#tellOfTokens(session.issuer, tokens)
  }

  /**
   * Whoever has come back since has tokens by the same grant as a rule, where the provider's own session goes on. To give back the old
   * ones would end the new ones.
   */
  async #leaveExpired ({ owner: { issuer, sub }, ...tokens }: KeptTokens): Promise<void> {
    const others = await this.#sessions.tagged(personTag(issuer, sub), { limit: 1 })
    if (others.length === 0) this.#tellOfTokens(issuer, tokens)
  }

  /**
   * Tombstone: on a full disk not even a deletion finds room. The session is over for this process at once, and for good as soon
   * as it can be deleted.
   */
  #bury (id: string, err: unknown): void {
    if (this.#tombstones.has(id)) return
    this.#tombstones.add(id)
    this.#log.error({ err }, 'a session that has ended could not be deleted yet')
    const retry = () => this.#delete(id).then(() => this.#tombstones.delete(id), later)
    const later = () => { setTimeout(retry, retryMs).unref() }
    later()
  }

  #keepingOf ({ issuer, user, sid, lastUsedAt, expiresAt }: Session): Keeping & { ttl: number } {
    const end = Math.min(expiresAt, lastUsedAt + this.#lifetimes.idleLifetime * 1000)
    return {
      ttl: (end - Date.now()) / 1000,
      tags: [personTag(issuer, user.sub), ...(sid === undefined ? [] : [providerSessionTag(issuer, sid)])]
    }
  }
}

const isSamePerson = (session: Session, other: SignIn | undefined) =>
  session.issuer === other?.issuer && session.user.sub === other.user.sub

// An issuer has no spaces, so no two of these can be taken for one another.
const personTag = (issuer: string, sub: string) => `sub ${issuer} ${sub}`
const providerSessionTag = (issuer: string, sid: string) => `sid ${issuer} ${sid}`
