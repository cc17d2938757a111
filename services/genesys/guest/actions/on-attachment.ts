import { Type } from '#lib/validation/schema.ts'
import { GuestError, guestErrors } from '../../protocol/guest-errors.ts'
import { uuid } from '../../protocol/uuid.ts'
import { configuredSession, defineAction } from './action.ts'

/** The guest wants to upload a file. */
export const onAttachment = defineAction({
  attachmentId: Type.Optional(Type.String({ pattern: uuid })),
  fileName: Type.String(),
  fileType: Type.String(),
  fileSize: Type.Optional(Type.Number()),
  fileMd5: Type.Optional(Type.String()),
  errorsAsJson: Type.Optional(Type.Boolean())
}, async ({ token, errorsAsJson, ...request }, call) => {
  const { connection, messaging: { attachments }, answer } = call
  const session = await configuredSession(token, call)
  try {
    if (session.readOnly) throw guestErrors.readOnly()
    answer('PresignedUrlResponse', await attachments.request(session, connection.deployment, request))
  } catch (error) {
    if (!errorsAsJson || !(error instanceof GuestError)) throw error
    answer('GenerateUrlError', {
      attachmentId: request.attachmentId, errorCode: error.code, errorMessage: error.message
    }, 'message')
  }
})
