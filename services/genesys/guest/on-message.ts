import { Type, type Static } from '#lib/schema.ts'
import type { GuestSession } from '../conversations/sessions.ts'
import { inbound, type ButtonResponse, type Content } from '../conversations/structured-message.ts'
import { configuredSession, defineAction, type Call } from './action.ts'
import { checkCustomAttributes, checkMetadata, checkText, metadata } from './limits.ts'
import { guestErrors } from './frames.ts'
import { onPresence } from './on-presence.ts'

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
  Type.Object({
    contentType: Type.Literal('ButtonResponse'),
    buttonResponse: Type.Object({
      text: Type.String({ maxLength: 1000 }),
      payload: Type.String({ maxLength: 1000 }),
      type: oneOf('Button', 'QuickReply', 'DatePicker', 'ListPicker'),
      originatingMessageId: Type.Optional(Type.String({ maxLength: 100 }))
    })
  })
])
const message = Type.Object({
  type: Type.String(),
  text: Type.Optional(Type.String()),
  metadata: Type.Optional(metadata),
  // One event a message, and ten files: our choice. Clients send no more.
  events: Type.Optional(Type.Array(event, { minItems: 1, maxItems: 1 })),
  content: Type.Optional(Type.Array(content, { maxItems: 10 })),
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

  const { rateLimits } = call.messaging
  switch (message.type) {
    case 'Text':
      await rateLimits.count('messages', session.key)
      return await say(await textOf(message, session, call), message.metadata, customAttributes, session, call)
    case 'Structured':
      await rateLimits.count('messages', session.key)
      return await say(choiceOf(message), message.metadata, customAttributes, session, call)
    case 'Event': {
      const [event] = message.events ?? []
      if (event === undefined) throw guestErrors.missingParameter('events')
      if (event.eventType === 'Presence') return await onPresence(event.presence.type, session, call)
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
  if (text === undefined && ids.length === 0) throw guestErrors.missingParameter('text')
  if (text !== undefined) checkText(text)
  if (!text?.trim() && ids.length === 0) throw guestErrors.requestFailed('The text is empty.')
  if (session.readOnly) throw guestErrors.readOnly()
  if (ids.length === 0) return { type: 'Text', text: text! }
  return { type: 'Text', ...(text !== undefined && { text }), content: await call.messaging.attachments.contentOf(session, ids) }
}

function choiceOf ({ text, content = [] }: GuestMessage): Content {
  const [choice, ...others] = content
  if (choice === undefined) throw guestErrors.missingParameter('content')
  if (choice.contentType !== 'ButtonResponse' || others.length > 0) {
    throw guestErrors.featureUnavailable('structured messages other than one ButtonResponse')
  }
  // Only what is known of it goes on: the rest could be anything.
  const { text: label, payload, type, originatingMessageId } = choice.buttonResponse
  const buttonResponse: ButtonResponse = {
    text: label, payload, type, ...(originatingMessageId !== undefined && { originatingMessageId })
  }
  checkText(text ?? buttonResponse.text)
  return { type: 'Structured', text: text ?? buttonResponse.text, content: [{ contentType: 'ButtonResponse', buttonResponse }] }
}

async function say (
  content: Content,
  metadata: Record<string, string> | undefined,
  customAttributes: Record<string, unknown> | undefined,
  session: GuestSession,
  call: Call
) {
  const { connection, messaging: { room, conversations, agent }, answer } = call
  if (session.readOnly) throw guestErrors.readOnly()
  room.check(session.identity === undefined)
  // Kept before it is acknowledged.
  const written = inbound(content, session.identity, metadata, customAttributes)
  const message = await conversations.post(session, written, connection)
  answer('StructuredMessage', message, 'message')
  await agent.answer(session, connection.deployment, message)
}

async function onTyping (event: NonNullable<GuestMessage['events']>[number], session: GuestSession, call: Call) {
  if (event.eventType !== 'Typing') return
  const { type, duration } = event.typing
  const typing = { type, ...(duration !== undefined && { duration }) }
  const message = inbound({ type: 'Event', events: [{ eventType: 'Typing', typing }] }, session.identity)
  // No news to the guest's own other tabs.
  call.messaging.conversations.mention(session, message)
  call.answer('StructuredMessage', message, 'message')
}
