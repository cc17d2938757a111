import type { createSerialQueues } from '#lib/concurrency/serial-queue.ts'
import type { ScriptedAgent } from '../agent/scripted-agent.ts'
import type { AttachmentStore } from '../attachments/attachment-store.ts'
import type { Jwts } from '../auth/jwt.ts'
import type { Tokens } from '../auth/tokens.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { RateLimiter } from '../protocol/rate-limiter.ts'
import type { Connections } from '../sessions/connections.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { StorageQuota } from '../sessions/storage-quota.ts'
import type { VisitorJourneyStore } from '../visitor-journeys/visitor-journey-store.ts'

/** What the actions of guests work with. */
export interface Messaging {
  quota: StorageQuota
  sessions: SessionStore
  conversations: ConversationStore
  visitorJourneys: VisitorJourneyStore
  connections: Connections
  attachments: AttachmentStore
  tokens: Tokens
  jwts: Jwts
  rateLimiter: RateLimiter
  agent: ScriptedAgent
  inTurn: ReturnType<typeof createSerialQueues>
}
