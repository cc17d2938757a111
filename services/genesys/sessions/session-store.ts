import { randomUUID } from 'node:crypto'
import type { Collection, Store } from '#lib/store/store.ts'
import { userKey, type VerifiedIdentity } from '../auth/identity.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import type { ConversationEvents } from './conversation-events.ts'
import type { GuestSession } from './guest-session.ts'

// Tombstone: for so long a session that has expired is known to have been one.
const tombstoneSeconds = 24 * 60 * 60
const longestTouchIntervalMs = 60_000
const chunkSize = 100
// Some messages' worth: each may bring 2048 bytes. Beyond that only those of the last one are kept.
const maxAttributesBytes = 8192

// Each message asks for its session, twice.
const cachedSessions = 2_000

/** The guests' sessions. */
export class SessionStore {
  readonly #sessions: Collection<GuestSession>
  readonly #aliases: Collection<string>
  readonly #joins: Collection<true>
  readonly #events: ConversationEvents

  constructor (store: Store, events: ConversationEvents) {
    this.#sessions = store.collection('session', { maxCached: cachedSessions })
    this.#aliases = store.collection('session-alias')
    this.#joins = store.collection('join')
    this.#events = events
  }

  /** @returns the session of a key or of an alias of it, unless it has expired or was cleared */
  async find (key: string): Promise<GuestSession | undefined> {
    const session = await this.#read(key)
    return session && isAlive(session) ? session : undefined
  }

  /** Whether there was a session of this key that has expired not long ago. */
  async hasExpired (key: string): Promise<boolean> {
    const session = await this.#read(key)
    return session !== undefined && !isAlive(session)
  }

  /** The session that a conversation belongs to. */
  async ofConversation (conversationId: string): Promise<GuestSession | undefined> {
    const [session] = await this.#sessions.tagged(conversationTag(conversationId), { limit: 1 })
    return session && isAlive(session) ? session : undefined
  }

  /** The sessions that are authenticated as a user of a deployment. */
  async ofUser (deploymentId: string, identity: VerifiedIdentity): Promise<GuestSession[]> {
    return (await this.#sessions.tagged(userTag(deploymentId, identity))).filter(isAlive)
  }

  /** The sessions of a browser, by its cookie. */
  async ofCustomer (deploymentId: string, customerId: string): Promise<GuestSession[]> {
    return (await this.#sessions.tagged(customerTag(deploymentId, customerId))).filter(isAlive)
  }

  /** A page of the sessions, those that began last first. */
  async recent ({ limit, offset = 0 }: { limit: number, offset?: number }): Promise<GuestSession[]> {
    const alive: GuestSession[] = []
    for (let from = 0; alive.length < offset + limit; from += chunkSize) {
      const some = await this.#sessions.tagged('all', { newestFirst: true, limit: chunkSize, offset: from })
      alive.push(...some.filter(isAlive))
      if (some.length < chunkSize) break
    }
    return alive.slice(offset, offset + limit)
  }

  /**
   * Start a session.
   *
   * @param replaced the one of the same key, where the guest starts anew
   */
  async start (
    key: string,
    deployment: Deployment,
    identity?: VerifiedIdentity,
    replaced?: GuestSession
  ): Promise<GuestSession> {
    const now = Date.now()
    const durationSeconds = deployment.sessionDurationSeconds
    const session: GuestSession = {
      key,
      deploymentId: deployment.id,
      conversationId: randomUUID(),
      identity,
      readOnly: false,
      access: randomUUID(),
      startedAt: now,
      lastActive: now,
      expiresAt: now + durationSeconds * 1000,
      prolongedAt: now,
      durationSeconds
    }
    // Deleted first, in the same moment, so that among the recent ones it counts as new.
    await Promise.all([this.#sessions.delete(key), this.#sessions.set(key, session, keepingOf(session))])
    if (replaced) this.#events.publish({ type: 'ended', conversationId: replaced.conversationId })
    this.#events.publish({ type: 'session', session })
    return session
  }

  /** Go on in a session, in the name of the identity as last verified. It expires as late as if it had not been resumed. */
  async resume (session: GuestSession, identity?: VerifiedIdentity): Promise<GuestSession> {
    return await this.#change(session, { identity })
  }

  /** The page has named the cookie of its browser. */
  async nameCustomer (session: GuestSession, customerId: string): Promise<GuestSession> {
    return await this.#change(session, { customerId })
  }

  /** Nothing more can be said in the conversation. */
  async makeReadOnly (session: GuestSession): Promise<GuestSession> {
    return await this.#change(session, { readOnly: true })
  }

  /** A person takes the conversation from the script, or, without one, gives it back. */
  async assign (session: GuestSession, agent: { name: string } | undefined): Promise<GuestSession> {
    return await this.#change(session, { agent })
  }

  /** The guest's page has said something about the guest. */
  async addAttributes (session: GuestSession, customAttributes: Record<string, unknown>): Promise<GuestSession> {
    const before = session.customAttributes ?? {}
    const together = { ...before, ...customAttributes }
    if (JSON.stringify(together) === JSON.stringify(before)) return session
    const isTooMuch = Buffer.byteLength(JSON.stringify(together)) > maxAttributesBytes
    return await this.#change(session, { customAttributes: isTooMuch ? customAttributes : together })
  }

  /** The user has signed out: what was handed out in these sessions opens nothing any more. */
  async endAccess (deploymentId: string, identity: VerifiedIdentity): Promise<void> {
    const ended = await this.ofUser(deploymentId, identity)
    await Promise.all(ended.map(session => this.#change(session, { access: randomUUID() })))
  }

  /**
   * Sliding expiration: a session expires so long after its last message.
   *
   * @returns the session with its new expiry, written down once in a while only
   */
  async touch (session: GuestSession): Promise<GuestSession> {
    const now = Date.now()
    const { key, durationSeconds } = session
    const prolongedAt = now - session.prolongedAt > durationSeconds * 100 ? now : session.prolongedAt
    const activity = { lastActive: now, expiresAt: now + durationSeconds * 1000, prolongedAt }
    const intervalMs = Math.min(longestTouchIntervalMs, durationSeconds * 20)
    if (now - session.lastActive > intervalMs) {
      await this.#sessions.update(key, current => ({ ...current, ...activity }), keepingOf)
    }
    return { ...session, ...activity }
  }

  /** Let another token lead to a session as well. */
  async addAlias (alias: string, { key, durationSeconds }: GuestSession): Promise<void> {
    await this.#aliases.set(alias, key, { ttl: durationSeconds + tombstoneSeconds })
  }

  /** @returns whether this is the first join of the conversation; several tabs may join at once */
  async join ({ conversationId, durationSeconds }: GuestSession): Promise<boolean> {
    return await this.#joins.add(conversationId, true, { ttl: durationSeconds + tombstoneSeconds })
  }

  async forget ({ key, conversationId }: GuestSession): Promise<void> {
    await this.#sessions.delete(key)
    this.#events.publish({ type: 'ended', conversationId })
  }

  /** @returns the session as it is after the change; where it has gone meanwhile, as it would have been */
  async #change (session: GuestSession, changes: Partial<GuestSession>): Promise<GuestSession> {
    const changed = await this.#sessions.update(session.key, now => ({ ...now, ...changes }), keepingOf) ?? { ...session, ...changes }
    this.#events.publish({ type: 'session', session: changed })
    return changed
  }

  async #read (key: string): Promise<GuestSession | undefined> {
    const session = await this.#sessions.get(key)
    if (session) return session
    const original = await this.#aliases.get(key)
    return original === undefined ? undefined : await this.#sessions.get(original)
  }
}

const keepingOf = ({ deploymentId, identity, customerId, conversationId, durationSeconds }: GuestSession) => ({
  ttl: durationSeconds + tombstoneSeconds,
  tags: [
    'all',
    conversationTag(conversationId),
    ...identity ? [userTag(deploymentId, identity)] : [],
    ...customerId !== undefined ? [customerTag(deploymentId, customerId)] : []
  ]
})

const isAlive = ({ expiresAt }: GuestSession) => expiresAt > Date.now()
const conversationTag = (conversationId: string) => `conversation:${conversationId}`
const customerTag = (deploymentId: string, customerId: string) => `customer:${deploymentId}/${customerId.toLowerCase()}`
const userTag = (deploymentId: string, identity: VerifiedIdentity) => `user:${userKey(deploymentId, identity)}`
