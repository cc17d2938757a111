import { randomUUID } from 'node:crypto'
import type { VerifiedIdentity } from './identity.ts'

/** Who a message is from, as far as the other side is told. */
export interface Participant {
  firstName?: string | undefined
  lastName?: string | undefined
  nickname?: string | undefined
  image?: string | undefined
}

/** An event of a conversation (`EventPresence`, `EventTyping` of the Web Messaging API). */
export type MessageEvent =
  | { eventType: 'Presence', presence: { type: 'Join' | 'Disconnect' | 'Clear' } }
  | { eventType: 'Typing', typing: { type: 'On' | 'Off', duration?: number | undefined } }

/** What a message says. */
export type Content =
  | { type: 'Text', text: string }
  | { type: 'Event', events: [MessageEvent] }

/** `StructuredMessage` of the Web Messaging API. */
export type StructuredMessage = Content & {
  id: string
  direction: 'Inbound' | 'Outbound'
  channel: { time: string, messageId: string, type: 'Private', from?: Participant | undefined }
  metadata?: Record<string, string> | undefined
  originatingEntity?: 'Human' | 'Bot' | undefined
}

/**
 * What the guest has sent, with the identity that was verified. What is marked here the guest cannot mark itself.
 *
 * @param metadata the guest's own
 */
export function inbound (content: Content, identity: VerifiedIdentity | undefined, metadata: Record<string, string> = {}): StructuredMessage {
  const { authenticated, readOnly, ...own } = metadata
  return {
    ...content,
    id: randomUUID(),
    direction: 'Inbound',
    channel: {
      ...channel(),
      from: identity && { firstName: identity.given_name ?? identity.name, lastName: identity.family_name }
    },
    metadata: identity ? { ...own, authenticated: 'true' } : own
  }
}

/** What the agent's side has sent. */
export function outbound (content: Content, from: Participant, originatingEntity: 'Human' | 'Bot'): StructuredMessage {
  return { ...content, id: randomUUID(), direction: 'Outbound', channel: { ...channel(), from }, originatingEntity }
}

let lastTime = 0

// Clients sort by `channel.time`, and drop a second message of the same time as a duplicate.
function channel () {
  lastTime = Math.max(Date.now(), lastTime + 1)
  return { time: new Date(lastTime).toISOString(), messageId: randomUUID(), type: 'Private' as const }
}
