import { Type } from '#lib/validation/schema.ts'
import { configuredSession, defineAction } from './action.ts'

/** The guest wants a fresh URL of a file in the conversation. */
export const getAttachment = defineAction({ attachmentId: Type.String() }, async ({ token, attachmentId }, call) => {
  const session = await configuredSession(token, call)
  call.answer('PresignedUrlResponse', await call.messaging.attachments.download(session, attachmentId))
})
