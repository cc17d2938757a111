import { Type } from '#lib/validation/schema.ts'
import { configuredSession, defineAction } from './action.ts'

/** The guest takes back a file that is not sent yet. */
export const deleteAttachment = defineAction({ attachmentId: Type.String() }, async ({ token, attachmentId }, call) => {
  const session = await configuredSession(token, call)
  await call.messaging.attachments.remove(session, attachmentId)
  call.answer('AttachmentDeletedResponse', { attachmentId }, 'message')
})
