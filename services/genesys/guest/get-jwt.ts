import { configuredSession, defineAction } from './action.ts'

// Not the JWT of the sign-in: this one opens the history of one conversation, for about a minute.
const life = 60

/** `aud` of the JWT that opens the history. */
export const historyAudience = 'guest-history'

export const getJwt = defineAction({}, async ({ token }, call) => {
  const { conversationId } = await configuredSession(token, call)
  call.answer('JwtResponse', await call.messaging.jwts.sign(historyAudience, { conversation: conversationId }, life))
})
