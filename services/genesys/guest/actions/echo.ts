import { Type } from '#lib/validation/schema.ts'
import { inbound } from '../../conversations/compose-message.ts'
import { sessionExpired } from '../../protocol/frames.ts'
import { GuestError } from '../../protocol/guest-errors.ts'
import { checkMetadata, checkText, metadata } from '../../protocol/limits.ts'
import { configuredSession, defineAction } from './action.ts'
import { expirationDateOf } from './session-response.ts'

/**
 * The health check of Genesys' clients: what they send comes back, to them alone, with how long the session still lives.
 * To a session that has expired the answer is that (`guest_session_duration_hld` of Genesys' mobile SDK).
 */
export const echo = defineAction({
  message: Type.Object({
    type: Type.Literal('Text'),
    text: Type.String(),
    metadata: Type.Optional(metadata)
  })
}, async ({ token, message: { text, metadata: own } }, call) => {
  const { connection, messaging: { rateLimiter }, answer } = call
  try {
    const session = await configuredSession(token, call)
    checkText(text)
    checkMetadata(own)
    await rateLimiter.count('healthChecks', connection.id)
    const timing = { durationSeconds: String(session.durationSeconds), expirationDate: String(expirationDateOf(session)) }
    answer('StructuredMessage', inbound({ type: 'Text', text }, session.identity, { ...own, ...timing }), 'response')
  } catch (error) {
    if (!(error instanceof GuestError) || error.code !== 4006) throw error
    answer(sessionExpired.class, sessionExpired.body, sessionExpired.type)
  }
})
