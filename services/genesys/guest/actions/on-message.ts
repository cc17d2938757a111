import { Type, type Static } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'
import { inbound } from '../../conversations/compose-message.ts'
import { guestErrors } from '../../protocol/guest-errors.ts'
import { checkCustomAttributes, checkMetadata, checkText, metadata } from '../../protocol/limits.ts'
import type { Content } from '../../protocol/structured-message.ts'
import type { GuestSession } from '../../sessions/guest-session.ts'
import { configuredSession, defineAction, type Call } from './action.ts'
import { onPresence } from './on-presence.ts'
import { maxOptions, replyContents, replyOf } from './reply-content.ts'

const maxFiles = 10

const oneOf = <T extends string>(...values: T[]) => Type.Union(values.map(value => Type.Literal(value)))

const channel = Type.Object({
  metadata: Type.Optional(Type.Object({ customAttributes: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }))
})
const event = Type.Union([
  Type.Object({ eventType: Type.Literal('Presence'), presence: Type.Object({ type: Type.String() }) }),
  Type.Object({
    eventType: Type.Literal('Typing'),
    typing: Type.Object({ type: oneOf('On', 'Off'), duration: Type.Optional(Type.Integer({ minimum: 0 })) })
  })
])
const content = Type.Union([
  Type.Object({ contentType: Type.Literal('Attachment'), attachment: Type.Object({ id: Type.String({ maxLength: 100 }) }) }),
  ...replyContents
])
const message = Type.Object({
  type: Type.String(),
  text: Type.Optional(Type.String()),
  metadata: Type.Optional(metadata),
  // One event a message, and ten files, or as many options as a list has. Clients send no more.
  events: Type.Optional(Type.Array(event, { minItems: 1, maxItems: 1 })),
  content: Type.Optional(Type.Array(content, { maxItems: maxOptions })),
  channel: Type.Optional(channel)
})
type GuestMessage = Static<typeof message>

/** The guest writes, chooses, types, joins, leaves or clears. */
export const onMessage = defineAction({
  message,
  // Where Genesys' Java SDK puts it; the mobile SDK puts it in the message.
  channel: Type.Optional(channel)
}, async ({ token, message, channel }, call) => {
  const session = await configuredSession(token, call)
  const customAttributes = message.channel?.metadata?.customAttributes ?? channel?.metadata?.customAttributes
  checkCustomAttributes(customAttributes)
  checkMetadata(message.metadata)

  const { rateLimiter } = call.messaging
  switch (message.type) {
    case 'Text':
      await rateLimiter.count('messages', session.key)
      return await say(await textOf(message, session, call), message.metadata, customAttributes, session, call)
    case 'Structured':
      await rateLimiter.count('messages', session.key)
      return await say(await replyOf(message, session, call), message.metadata, customAttributes, session, call)
    case 'Event': {
      const [event] = message.events ?? []
      if (event === undefined) throw guestErrors.missingParameter('events')
      if (event.eventType === 'Presence') return await onPresence(event.presence.type, customAttributes, session, call)
      return await onTyping(event, session, call)
    }
    default:
      throw guestErrors.featureUnavailable(`messages of type ${message.type}`)
  }
})

async function textOf ({ text, content = [] }: GuestMessage, session: GuestSession, call: Call): Promise<Content> {
  const ids = content.map(part => {
    if (part.contentType !== 'Attachment') throw guestErrors.requestFailed('A text can have files only.')
    return part.attachment.id
  })
  if (ids.length > maxFiles) throw guestErrors.requestFailed(`message.content: ${words.atMost(maxFiles, 'entry')}`)
  if (text === undefined && ids.length === 0) throw guestErrors.missingParameter('text')
  if (text !== undefined) checkText(text)
  if (!text?.trim() && ids.length === 0) throw guestErrors.requestFailed('The text is empty.')
  if (session.readOnly) throw guestErrors.readOnly()
  if (ids.length === 0) return { type: 'Text', text: text! }
  return { type: 'Text', ...(text !== undefined && { text }), content: await call.messaging.attachments.contentOf(session, ids) }
}

async function say (
  content: Content,
  metadata: Record<string, string> | undefined,
  customAttributes: Record<string, unknown> | undefined,
  session: GuestSession,
  call: Call
) {
  const { connection, messaging: { quota, sessions, conversations, agent }, answer } = call
  if (session.readOnly) throw guestErrors.readOnly()
  quota.check(session.identity === undefined)
  // Kept before it is acknowledged.
  const written = inbound(content, session.identity, metadata, customAttributes)
  const message = await conversations.post(
    customAttributes ? await sessions.addAttributes(session, customAttributes) : session, written, connection)
  answer('StructuredMessage', message, 'message')
  await agent.answer(session, connection.deployment, message)
}

async function onTyping (event: NonNullable<GuestMessage['events']>[number], session: GuestSession, call: Call) {
  if (event.eventType !== 'Typing') return
  const { type, duration } = event.typing
  const typing = { type, ...(duration !== undefined && { duration }) }
  const message = inbound({ type: 'Event', events: [{ eventType: 'Typing', typing }] }, session.identity)
  // No news to the guest's own other tabs.
  call.messaging.conversations.publish(session, message)
  call.answer('StructuredMessage', message, 'message')
}
