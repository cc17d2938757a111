import { Type } from 'typebox'
import { inbound } from '../structured-message.ts'
import { configuredSession, defineAction } from './action.ts'
import { checkText } from './limits.ts'

/** The health check of Genesys' clients: what they send comes back, to them alone. */
export const echo = defineAction({
  message: Type.Object({
    type: Type.Literal('Text'),
    text: Type.String(),
    metadata: Type.Optional(Type.Record(Type.String(), Type.String()))
  })
}, async ({ token, message: { text, metadata } }, call) => {
  const session = await configuredSession(token, call)
  checkText(text)
  call.answer('StructuredMessage', inbound({ type: 'Text', text }, session.identity, metadata))
})
