import type { VerifiedIdentity } from '../auth/identity.ts'
import type { GuestSession } from '../sessions/guest-session.ts'

/** A conversation as the desk lists it: never the session's key or token. */
export interface ConversationSummary {
  conversationId: string
  deploymentId: string
  /** claims of the guest, nothing of an anonymous one; names as in OpenID Connect Core 5.1 */
  guest: {
    name?: string | undefined
    sub?: string | undefined
    email?: string | undefined
    email_verified?: boolean | undefined
  }
  /** who vouches for these claims, and since when (ISO 8601); `null` for an anonymous guest */
  verified: { iss: string, since: string } | null
  /** ISO 8601, as `lastActive` */
  startedAt: string
  lastActive: string
  readOnly: boolean
  /** what the guest's page says about the guest, which nobody has verified */
  customAttributes: Record<string, unknown>
  /** open sockets of the guest */
  connections: number
  /** who has taken the conversation */
  agent: { name: string } | null
  /** whether the script answers, since nobody has taken it */
  scripted: boolean
}

/** What the desk may know of a session. */
export function describe (
  session: GuestSession,
  { connections, script }: { connections: number, script: boolean }
): ConversationSummary {
  const { conversationId, deploymentId, identity, startedAt, lastActive, readOnly, customAttributes = {}, agent } = session
  return {
    conversationId,
    deploymentId,
    guest: identity ? claimsOf(identity) : {},
    verified: identity ? { iss: identity.iss, since: identity.since } : null,
    startedAt: new Date(startedAt).toISOString(),
    lastActive: new Date(lastActive).toISOString(),
    readOnly,
    customAttributes,
    connections,
    agent: agent ?? null,
    scripted: script && !agent && !readOnly
  }
}

// Property names as on the wire.
function claimsOf ({ name, given_name: givenName, sub, email, email_verified: emailVerified }: VerifiedIdentity) {
  return { name: name ?? givenName, sub, email, email_verified: emailVerified }
}
