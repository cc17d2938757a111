import { randomUUID } from 'node:crypto'
import type { VerifiedIdentity } from '../auth/identity.ts'
import type { Content, Participant, StructuredMessage } from '../protocol/structured-message.ts'

/**
 * What the guest has sent, with the identity that was verified. What is marked here the guest cannot mark itself.
 *
 * @param metadata the guest's own
 * @param customAttributes what the guest's page has said about the guest
 */
export function inbound (
  content: Content,
  identity: VerifiedIdentity | undefined,
  metadata: Record<string, string> = {},
  customAttributes?: Record<string, unknown>
): StructuredMessage {
  const { authenticated, readOnly, ...own } = metadata
  return {
    ...content,
    id: randomUUID(),
    direction: 'Inbound',
    channel: {
      ...channel(),
      // In which order the parts of a name stand, only the claim `name` knows: it is the nickname.
      from: identity && { nickname: identity.name, firstName: identity.given_name ?? identity.name, lastName: identity.family_name },
      ...(customAttributes && { metadata: { customAttributes } })
    },
    metadata: identity ? { ...own, authenticated: 'true' } : own
  }
}

/** What the agent's side has sent. */
export function outbound (
  content: Content,
  from: Participant,
  originatingEntity: 'Human' | 'Bot',
  metadata?: Record<string, string>
): StructuredMessage {
  const id = randomUUID()
  return {
    ...content,
    id,
    direction: 'Outbound',
    // The same, so that a page knows the message by one id whether it comes as it is or as the SDK formats it.
    channel: { ...channel(), messageId: id, from },
    originatingEntity,
    ...(metadata && { metadata })
  }
}

function channel () {
  return { time: new Date().toISOString(), messageId: randomUUID(), type: 'Private' as const }
}
