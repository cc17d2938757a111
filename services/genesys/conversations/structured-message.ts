import { randomUUID } from 'node:crypto'
import type { VerifiedIdentity } from '../auth/identity.ts'

/** Who a message is from, as far as the other side is told. */
export interface Participant {
  firstName?: string | undefined
  lastName?: string | undefined
  nickname?: string | undefined
  image?: string | undefined
}

/** An event of a conversation (`EventPresence`, `EventTyping` of the Web Messaging API). */
export type MessageEvent =
  | { eventType: 'Presence', presence: { type: 'Join' | 'Disconnect' | 'Clear' | 'SignIn' } }
  | { eventType: 'Typing', typing: { type: 'On' | 'Off', duration?: number | undefined } }

/** A file in a message (`ContentAttachment`). Kept without `url`: that is signed anew whenever the message is sent. */
export interface AttachmentContent {
  contentType: 'Attachment'
  attachment: {
    id: string
    url?: string
    filename: string
    /** bytes */
    fileSize: number
    mediaType: 'Image' | 'Video' | 'Audio' | 'File'
    mime: string
  }
}

export interface CardAction {
  type: 'Link' | 'Postback'
  text: string
  /** of a link */
  url?: string
  /** of a postback */
  payload?: string
}

/** A card (`ContentCard`). */
export interface Card {
  title: string
  description?: string
  image?: string
  defaultAction?: CardAction
  actions: CardAction[]
}

/** Parts of a structured message (`ContentQuickReply`, `ContentButtonResponse`, `ContentCard` and so on). */
export type StructuredContent =
  | { contentType: 'QuickReply', quickReply: { text: string, payload: string, action: 'Message' } }
  | { contentType: 'ButtonResponse', buttonResponse: ButtonResponse }
  | { contentType: 'Card', card: Card }
  | { contentType: 'Carousel', carousel: { cards: Card[] } }
  | { contentType: 'DatePicker', datePicker: DatePicker }

/** What a guest has chosen of what a structured message offered. */
export interface ButtonResponse {
  text: string
  payload: string
  type: 'Button' | 'QuickReply' | 'DatePicker' | 'ListPicker'
  originatingMessageId?: string | undefined
}

export interface DatePicker {
  title?: string
  subtitle?: string
  imageUrl?: string
  dateMinimum?: string
  dateMaximum?: string
  /** `dateTime` in ISO 8601, `duration` in seconds */
  availableTimes: { dateTime: string, duration: number }[]
}

/** What a message says. */
export type Content =
  | { type: 'Text', text?: string, content?: AttachmentContent[] }
  | { type: 'Structured', text: string, content: StructuredContent[] }
  | { type: 'Event', events: [MessageEvent] }

/** `StructuredMessage` of the Web Messaging API. */
export type StructuredMessage = Content & {
  id: string
  direction: 'Inbound' | 'Outbound'
  channel: {
    time: string
    messageId: string
    type: 'Private'
    from?: Participant | undefined
    /** what the guest's page has said about the guest, for the agent's side */
    metadata?: { customAttributes: Record<string, unknown> } | undefined
  }
  metadata?: Record<string, string> | undefined
  originatingEntity?: 'Human' | 'Bot' | undefined
}

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
      from: identity && { firstName: identity.given_name ?? identity.name, lastName: identity.family_name },
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
  return {
    ...content,
    id: randomUUID(),
    direction: 'Outbound',
    channel: { ...channel(), from },
    originatingEntity,
    ...(metadata && { metadata })
  }
}

function channel () {
  return { time: new Date().toISOString(), messageId: randomUUID(), type: 'Private' as const }
}
