import { createHash } from 'node:crypto'
import { userKey, type VerifiedIdentity } from '../auth/identity.ts'

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
  /** what the guest's page has said about the guest, with the Join or with messages; what came last counts */
  customAttributes?: Record<string, unknown> | undefined
  /** the cookie of the guest's browser by which its journey is known, where the page has named it */
  customerId?: string | undefined
  /** the person who has taken the conversation; without one the script answers */
  agent?: { name: string } | undefined
}

/**
 * The key of a session. The token is all it takes to resume a session, so it is kept as a hash, like a password; and it
 * counts within its deployment only.
 */
export const sessionKey = (deploymentId: string, token: string) =>
  createHash('sha256').update(`${deploymentId}/${token.toLowerCase()}`).digest('base64url')

/** The user that a session is of, by `userKey`; nothing for an anonymous one. */
export const userOf = ({ deploymentId, identity }: GuestSession) => identity && userKey(deploymentId, identity)
