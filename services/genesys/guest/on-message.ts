import { Type } from 'typebox'
import type { GuestSession } from '../sessions.ts'
import { inbound } from '../structured-message.ts'
import { configuredSession, defineAction, type Call } from './action.ts'
import { checkCustomAttributes, checkText } from './limits.ts'
import { guestErrors } from './frames.ts'
import { onPresence, presenceTypes } from './on-presence.ts'

const metadata = Type.Record(Type.String(), Type.String())
const channel = Type.Object({
  metadata: Type.Optional(Type.Object({ customAttributes: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }))
})
const event = Type.Union([
  Type.Object({
    eventType: Type.Literal('Presence'),
    presence: Type.Object({ type: Type.Union(presenceTypes.map(type => Type.Literal(type))) })
  }),
  Type.Object({
    eventType: Type.Literal('Typing'),
    typing: Type.Object({
      type: Type.Union([Type.Literal('On'), Type.Literal('Off')]),
      duration: Type.Optional(Type.Integer({ minimum: 0 }))
    })
  })
])

/** The guest writes, types, joins, leaves or clears. */
export const onMessage = defineAction({
  message: Type.Object({
    type: Type.String(),
    text: Type.Optional(Type.String()),
    metadata: Type.Optional(metadata),
    // One event a message: our choice, clients send no more.
    events: Type.Optional(Type.Array(event, { minItems: 1, maxItems: 1 })),
    channel: Type.Optional(channel)
  }),
  // Where Genesys' Java SDK puts it; the mobile SDK puts it in the message.
  channel: Type.Optional(channel)
}, async ({ token, message, channel }, call) => {
  const session = await configuredSession(token, call)
  checkCustomAttributes(message.channel?.metadata?.customAttributes)
  checkCustomAttributes(channel?.metadata?.customAttributes)

  switch (message.type) {
    case 'Text':
      if (message.text === undefined) throw guestErrors.missingParameter('text')
      return await onText(message.text, message.metadata, session, call)
    case 'Event': {
      const [event] = message.events ?? []
      if (event === undefined) throw guestErrors.missingParameter('events')
      if (event.eventType === 'Presence') return await onPresence(event.presence.type, session, call)
      // The guest's typing is no news to the guest's own other tabs.
      return call.answer('StructuredMessage', inbound({ type: 'Event', events: [event] }, session.identity), 'message')
    }
    default:
      throw guestErrors.featureUnavailable(`messages of type ${message.type}`)
  }
})

async function onText (text: string, metadata: Record<string, string> | undefined, session: GuestSession, call: Call) {
  const { connection, messaging: { sessions, conversations, agent }, answer } = call
  checkText(text)
  if (text.trim() === '') throw guestErrors.requestFailed('The text is empty.')
  if (session.readOnly) throw guestErrors.readOnly()

  await sessions.touch(session)
  const message = inbound({ type: 'Text', text }, session.identity, metadata)
  // Kept before it is acknowledged.
  await conversations.post(session, message, connection)
  answer('StructuredMessage', message, 'message')
  await agent.answer(session, connection.deployment, text)
}
