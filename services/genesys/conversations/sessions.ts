import { createHash, randomUUID } from 'node:crypto'
import type { Store } from '#lib/store.ts'
import type { Deployment } from '../deployments.ts'
import type { Happenings } from './happenings.ts'
import { userKey, type VerifiedIdentity } from '../auth/identity.ts'

// For so long a session that has expired is known to have been one. Our choice.
const afterlife = 24 * 60 * 60
const longestTouchInterval = 60_000
const chunk = 100

/** A guest's session: who may resume it, and the conversation that is on in it. */
export interface GuestSession {
  key: string
  deploymentId: string
  /** a new one when the guest starts anew or clears the conversation */
  conversationId: string
  /** nothing in an anonymous session */
  identity?: VerifiedIdentity | undefined
  readOnly: boolean
  /** what the guest's presigned URLs and JWTs of the history are bound to: another one after a sign-out */
  access?: string | undefined
  /** epoch milliseconds, as the three that follow */
  startedAt: number
  lastActive: number
  expiresAt: number
  /** when what belongs to the session was last given a longer life along with it */
  prolongedAt: number
  /** seconds that the session lives after its last message */
  durationSeconds: number
  /** the person who has taken the conversation; without one the script answers */
  agent?: { name: string } | undefined
}

/** The guests' sessions. */
export function openSessions (store: Store, happenings: Happenings) {
  const sessions = store.collection<GuestSession>('session')
  const aliases = store.collection<string>('session-alias')
  const joins = store.collection<true>('join')

  const keepingOf = ({ deploymentId, identity, conversationId, durationSeconds }: GuestSession) => ({
    ttl: durationSeconds + afterlife,
    tags: ['all', conversationTag(conversationId), ...identity ? [userTag(deploymentId, identity)] : []]
  })

  /** @returns the session as it is after the change; where it has gone meanwhile, as it would have been */
  async function change (session: GuestSession, changes: Partial<GuestSession>) {
    const changed = await sessions.update(session.key, now => ({ ...now, ...changes }), keepingOf) ?? { ...session, ...changes }
    happenings.publish({ type: 'session', session: changed })
    return changed
  }

  async function read (key: string) {
    const session = await sessions.get(key)
    if (session) return session
    const original = await aliases.get(key)
    return original === undefined ? undefined : await sessions.get(original)
  }

  return {
    /** @returns the session of a key or of an alias of it, unless it has expired or was cleared */
    async find (key: string): Promise<GuestSession | undefined> {
      const session = await read(key)
      return session && isAlive(session) ? session : undefined
    },

    /** Whether there was a session of this key that has expired not long ago. */
    async hasExpired (key: string): Promise<boolean> {
      const session = await read(key)
      return session !== undefined && !isAlive(session)
    },

    /** The session that a conversation belongs to. */
    async ofConversation (conversationId: string): Promise<GuestSession | undefined> {
      const [session] = await sessions.tagged(conversationTag(conversationId), { limit: 1 })
      return session && isAlive(session) ? session : undefined
    },

    /** The sessions that are authenticated as a user of a deployment. */
    async ofUser (deploymentId: string, identity: VerifiedIdentity): Promise<GuestSession[]> {
      return (await sessions.tagged(userTag(deploymentId, identity))).filter(isAlive)
    },

    /** The user has signed out: what was handed out in these sessions opens nothing any more. */
    async endAccess (deploymentId: string, identity: VerifiedIdentity): Promise<void> {
      const ended = (await sessions.tagged(userTag(deploymentId, identity))).filter(isAlive)
      await Promise.all(ended.map(session => change(session, { access: randomUUID() })))
    },

    /** A page of the sessions, those that began last first. */
    async recent ({ limit, offset = 0 }: { limit: number, offset?: number }): Promise<GuestSession[]> {
      const alive: GuestSession[] = []
      for (let from = 0; alive.length < offset + limit; from += chunk) {
        const some = await sessions.tagged('all', { newestFirst: true, limit: chunk, offset: from })
        alive.push(...some.filter(isAlive))
        if (some.length < chunk) break
      }
      return alive.slice(offset, offset + limit)
    },

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
      await Promise.all([sessions.delete(key), sessions.set(key, session, keepingOf(session))])
      if (replaced) happenings.publish({ type: 'ended', conversationId: replaced.conversationId })
      happenings.publish({ type: 'session', session })
      return session
    },

    /** Go on in a session, in the name of the identity as last verified. It expires as late as if it had not been resumed. */
    resume: (session: GuestSession, identity?: VerifiedIdentity) => change(session, { identity }),

    /** Nothing more can be said in the conversation. */
    makeReadOnly: (session: GuestSession) => change(session, { readOnly: true }),

    /** A person takes the conversation from the script, or, without one, gives it back. */
    assign: (session: GuestSession, agent: { name: string } | undefined) => change(session, { agent }),

    /**
     * Put off the expiry: it counts from the last message.
     *
     * @returns the session with its new expiry, written down once in a while only
     */
    async touch (session: GuestSession): Promise<GuestSession> {
      const now = Date.now()
      const { key, durationSeconds } = session
      const prolongedAt = now - session.prolongedAt > durationSeconds * 100 ? now : session.prolongedAt
      const activity = { lastActive: now, expiresAt: now + durationSeconds * 1000, prolongedAt }
      const interval = Math.min(longestTouchInterval, durationSeconds * 20)
      if (now - session.lastActive > interval) {
        await sessions.update(key, current => ({ ...current, ...activity }), keepingOf)
      }
      return { ...session, ...activity }
    },

    /** Let another token lead to a session as well. */
    addAlias: (alias: string, { key, durationSeconds }: GuestSession) =>
      aliases.set(alias, key, { ttl: durationSeconds + afterlife }),

    /** @returns whether this is the first join of the conversation; several tabs may join at once */
    join: ({ conversationId, durationSeconds }: GuestSession) =>
      joins.add(conversationId, true, { ttl: durationSeconds + afterlife }),

    async forget ({ key, conversationId }: GuestSession): Promise<void> {
      await sessions.delete(key)
      happenings.publish({ type: 'ended', conversationId })
    }
  }
}

export type Sessions = ReturnType<typeof openSessions>

/**
 * The key of a session. The token is all it takes to resume a session, so it is kept as a hash, like a password; and it
 * counts within its deployment only.
 */
export const sessionKey = (deploymentId: string, token: string) =>
  createHash('sha256').update(`${deploymentId}/${token.toLowerCase()}`).digest('base64url')

/** The user that a session is of, by `userKey`; nothing for an anonymous one. */
export const userOf = ({ deploymentId, identity }: GuestSession) => identity && userKey(deploymentId, identity)

const isAlive = ({ expiresAt }: GuestSession) => expiresAt > Date.now()
const conversationTag = (conversationId: string) => `conversation:${conversationId}`
const userTag = (deploymentId: string, identity: VerifiedIdentity) => `user:${userKey(deploymentId, identity)}`
