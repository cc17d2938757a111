import { createHash, randomUUID } from 'node:crypto'
import type { Store } from '#lib/store.ts'
import type { VerifiedIdentity } from './identity.ts'

/** Seconds that a session and its messages are kept: Genesys' default of 72 hours after the last message. */
export const sessionLife = 72 * 60 * 60
const touchInterval = 60_000

/** A guest's session: who may resume it, and the conversation that is on in it. */
export interface GuestSession {
  key: string
  deploymentId: string
  /** a new one when the guest starts anew or clears the conversation */
  conversationId: string
  /** nothing in an anonymous session */
  identity?: VerifiedIdentity | undefined
  readOnly: boolean
  /** epoch milliseconds */
  lastActive: number
}

/** The guests' sessions. */
export function openSessions (store: Store) {
  const sessions = store.collection<GuestSession>('session')
  const joins = store.collection<true>('join')

  async function save (session: GuestSession) {
    await sessions.set(session.key, session, { ttl: sessionLife })
    return session
  }

  return {
    /** @returns the session of a key, unless it has expired or was cleared */
    find: (key: string) => sessions.get(key),

    /** Start a session, or start anew in one that is there. */
    start: (key: string, deploymentId: string, identity?: VerifiedIdentity) =>
      save({ key, deploymentId, conversationId: randomUUID(), identity, readOnly: false, lastActive: Date.now() }),

    /** Go on in a session, in the name of the identity as last verified. */
    resume: (session: GuestSession, identity?: VerifiedIdentity) => save({ ...session, identity, lastActive: Date.now() }),

    /** Nothing more can be said in the conversation. */
    makeReadOnly: (session: GuestSession) => save({ ...session, readOnly: true }),

    /** Put off the expiry: it counts from the last message. */
    async touch (session: GuestSession) {
      if (Date.now() - session.lastActive > touchInterval) await save({ ...session, lastActive: Date.now() })
    },

    /** @returns whether this is the first join of the conversation; several tabs may join at once */
    join: ({ conversationId }: GuestSession) => joins.add(conversationId, true, { ttl: sessionLife }),

    forget: ({ key }: GuestSession) => sessions.delete(key)
  }
}

export type Sessions = ReturnType<typeof openSessions>

/**
 * The key of a session. The token is all it takes to resume a session, so it is kept as a hash, like a password; and it
 * counts within its deployment only.
 */
export const sessionKey = (deploymentId: string, token: string) =>
  createHash('sha256').update(`${deploymentId}/${token.toLowerCase()}`).digest('base64url')
