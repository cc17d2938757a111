import type { AttachmentContent } from '../protocol/structured-message.ts'
import type { GuestSession } from '../sessions/guest-session.ts'
import { mediaTypeOf } from './file-rules.ts'
import { presignedSeconds } from './presigned-urls.ts'

// Tombstone: so long it is known that an upload was allowed that did not come, or that an attachment was deleted.
const tombstoneSeconds = 2 * presignedSeconds

/** An attachment, from the request for its upload on. */
export interface Attachment {
  id: string
  sessionKey: string
  conversationId: string
  /** it was asked for by somebody who had not signed in */
  anonymous: boolean
  fileName: string
  fileType: string
  /** bytes: as announced, then as they are */
  fileSize?: number | undefined
  /** as announced, in hexadecimal */
  md5?: string | undefined
  /** most bytes that are taken */
  limit: number
  /** epoch milliseconds until when it can be uploaded */
  uploadUntil: number
  /** seconds that it is kept once it is there */
  life: number
  /** it is sent once it is part of a message, and stays then */
  state: 'waiting' | 'uploaded' | 'sent' | 'deleted'
  /** its name in the folder, once it is there */
  file?: string | undefined
}

/** One whose file is in its place. */
export type UploadedAttachment = Attachment & { file: string, fileSize: number }

/** What attachments are found by. */
export const tags = {
  conversation: (conversationId: string) => `conversation:${conversationId}`,
  waiting: (conversationId: string) => `waiting:${conversationId}`,
  kept: (conversationId: string) => `kept:${conversationId}`,
  file: (file: string) => `file:${file}`
}

/** How long it is kept, and what it is found by. */
export function keepingOf ({ conversationId, state, file, life }: Attachment) {
  const isKept = file !== undefined && state !== 'deleted'
  return {
    ttl: isKept ? life : tombstoneSeconds,
    tags: [
      tags.conversation(conversationId),
      ...isKept ? [tags.kept(conversationId), tags.file(file)] : [],
      ...state === 'waiting' ? [tags.waiting(conversationId)] : []
    ]
  }
}

/** Whose it is. It lives as long as the messages of the session do. */
export const ownerOf = ({ key, conversationId, identity, durationSeconds }: GuestSession) =>
  ({ sessionKey: key, conversationId, anonymous: identity === undefined, life: durationSeconds * 1.25 })

export const isUploaded = (attachment: Attachment): attachment is UploadedAttachment =>
  attachment.state === 'uploaded' || attachment.state === 'sent'

/** What a message says of it. */
export const contentFor = ({ id, fileName, fileType, fileSize }: UploadedAttachment): AttachmentContent => ({
  contentType: 'Attachment',
  attachment: { id, filename: fileName, fileSize, mediaType: mediaTypeOf(fileType), mime: fileType }
})
