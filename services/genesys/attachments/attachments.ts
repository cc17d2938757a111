import { randomUUID } from 'node:crypto'
import type { Logger } from '#lib/http-server.ts'
import type { Store } from '#lib/store.ts'
import { checkContent } from './attachment-content.ts'
import type { AttachmentFiles, Bytes } from './attachment-files.ts'
import { createAttachmentLinks, linkLife, type LinkHolder } from './attachment-links.ts'
import {
  contentFor, isUploaded, keepingOf, ownerOf, tags, type Attachment, type UploadedAttachment
} from './attachment-record.ts'
import { checkFileName, checkFileSize, checkFileType, limitOf, maxFileBytes, md5Of } from './attachment-rules.ts'
import { createAttachmentUploads } from './attachment-uploads.ts'
import type { Connections } from '../conversations/connections.ts'
import type { Deployment } from '../deployments.ts'
import { guestErrors } from '../guest/frames.ts'
import type { Jwts } from '../auth/jwt.ts'
import type { Room } from '../room.ts'
import type { GuestSession, Sessions } from '../conversations/sessions.ts'
import type { AttachmentContent, StructuredMessage } from '../conversations/structured-message.ts'

// How many files a guest may be about to upload, and how many a conversation may keep, is not documented: our choice.
const mostWaiting = 10
const mostKept = 100
const sweepInterval = 10 * 60_000

/** What a guest wants to upload (`onAttachment`). */
export interface AttachmentRequest {
  attachmentId?: string | undefined
  fileName: string
  fileType: string
  fileSize?: number | undefined
  fileMd5?: string | undefined
}

/** `PresignedUrlResponse` of the Web Messaging API. */
export interface PresignedUrl {
  attachmentId: string
  /** to be sent with the request, as they are */
  headers: Record<string, string>
  url: string
  fileName: string
  fileSize?: number | undefined
  fileType: string
}

/**
 * Files in conversations: requested on the guest WebSocket, uploaded and downloaded over presigned URLs.
 *
 * @param options.url own origin
 */
export function openAttachments ({ store, files, room, jwts, url, sessions, connections, log }: {
  store: Store
  files: AttachmentFiles
  room: Room
  jwts: Jwts
  url: string
  sessions: Pick<Sessions, 'find'>
  connections: Connections
  log: Logger
}) {
  const attachments = store.collection<Attachment>('attachment')
  const links = createAttachmentLinks(jwts, url)
  const uploads = createAttachmentUploads({
    attachments,
    files,
    room,
    downloadUrlOf: async ({ id, sessionKey }) => await links.download(id, await sessions.find(sessionKey) ?? {}),
    connections
  })

  async function add (attachment: Attachment) {
    return await attachments.add(attachment.id, attachment, keepingOf(attachment))
  }

  async function checkCount (conversationId: string) {
    const isFew = await attachments.countTagged(tags.kept(conversationId)) < mostKept &&
      await attachments.countTagged(tags.waiting(conversationId)) < mostWaiting
    if (!isFew) throw guestErrors.requestFailed('There are too many attachments.')
  }

  /** @throws {GuestError} 4009, 4008 or 4010. Those of other conversations are as good as not there. */
  async function uploaded ({ conversationId }: GuestSession, id: string): Promise<UploadedAttachment> {
    const attachment = await attachments.get(id)
    if (attachment?.conversationId !== conversationId || attachment.state === 'deleted') throw guestErrors.attachmentNotFound()
    if (isUploaded(attachment)) return attachment
    throw attachment.uploadUntil > Date.now() ? guestErrors.attachmentNotUploaded() : guestErrors.attachmentExpired()
  }

  async function withUrl ({ contentType, attachment }: AttachmentContent, holder?: LinkHolder): Promise<AttachmentContent> {
    const url = await (holder ? links.download(attachment.id, holder) : links.downloadForAgent(attachment.id))
    return { contentType, attachment: { ...attachment, url } }
  }

  const sweep = () => files.sweep(async file => await attachments.countTagged(tags.file(file)) > 0)
    .catch(err => log.error({ err }, 'the folder of attachments could not be swept'))

  let sweeping = sweep()
  const timer = setInterval(() => { sweeping = sweep() }, sweepInterval)
  timer.unref()

  return {
    /** The folder of the files. */
    folder: files.folder,

    /**
     * Allow an upload.
     *
     * @throws {GuestError} 4004, 4005, 4001, 4102 or 4002, checked in this order; 4000 where the deployment takes no
     *   files; 400 for an id that was used before, and where there are too many already or is no room
     */
    async request (session: GuestSession, deployment: Deployment, request: AttachmentRequest): Promise<PresignedUrl> {
      const { attachmentId: id = randomUUID(), fileName, fileSize, fileMd5 } = request
      const fileType = request.fileType.toLowerCase()
      if (deployment.messenger.fileUpload.modes.length === 0) throw guestErrors.featureUnavailable('attachments')
      checkFileName(fileName)
      checkFileType(fileName, fileType)
      const limit = limitOf(deployment, fileType)
      checkFileSize(fileSize, limit)
      const md5 = fileMd5 === undefined ? undefined : md5Of(fileMd5)
      await checkCount(session.conversationId)
      room.check(session.identity === undefined, fileSize)

      const isNew = await add({
        ...ownerOf(session),
        id,
        fileName,
        fileType,
        fileSize,
        md5,
        limit: fileSize ?? limit,
        uploadUntil: Date.now() + linkLife * 1000,
        state: 'waiting'
      })
      if (!isNew) throw guestErrors.requestFailed('The attachmentId was used before.')
      const headers = { 'content-type': fileType }
      return { attachmentId: id, headers, url: await links.upload(id, session), fileName, fileSize, fileType }
    },

    /** Whether the token of a presigned URL allows a use of an attachment. */
    async allows (use: 'upload' | 'download', id: string, token: string): Promise<boolean> {
      if (use === 'download' && await links.holderOf('agent-download', id, token)) return true
      const holder = await links.holderOf(`guest-${use}`, id, token)
      const attachment = holder && await attachments.get(id)
      // One that is gone is not found, which is for others to say.
      if (!attachment) return holder !== undefined
      return holder.access === (await sessions.find(attachment.sessionKey))?.access
    },

    receive: uploads.receive,

    /** @returns an attachment that is there to download, with its file's name in the folder */
    async find (id: string): Promise<UploadedAttachment | undefined> {
      const attachment = await attachments.get(id)
      return attachment && isUploaded(attachment) ? attachment : undefined
    },

    /**
     * The content of a message that a guest sends with uploads, which stay from now on.
     *
     * @throws {GuestError} 4009, 4008 or 4010, and then none is sent
     */
    async contentOf (session: GuestSession, ids: string[]): Promise<AttachmentContent[]> {
      const found = await Promise.all(ids.map(id => uploaded(session, id)))
      return await Promise.all(found.map(async ({ id }) => {
        // It lives on as long as the message does.
        const sent = await attachments.update(
          id,
          attachment => attachment.state === 'uploaded' ? { ...attachment, state: 'sent' } : attachment,
          keepingOf
        )
        if (!sent || !isUploaded(sent)) throw guestErrors.attachmentNotFound()
        return contentFor(sent)
      }))
    },

    /**
     * A message with fresh download URLs. Messages are kept without, since such a URL holds a token that expires.
     *
     * @param holder the guest who is to have them; without one they are for the agent's side
     */
    async withUrls (message: StructuredMessage, holder?: LinkHolder): Promise<StructuredMessage> {
      if (message.type !== 'Text' || !message.content) return message
      return { ...message, content: await Promise.all(message.content.map(part => withUrl(part, holder))) }
    },

    /** @throws {GuestError} 4009, 4008 or 4010 */
    async download (session: GuestSession, id: string): Promise<PresignedUrl> {
      const { fileName, fileType, fileSize } = await uploaded(session, id)
      return { attachmentId: id, headers: {}, url: await links.download(id, session), fileName, fileSize, fileType }
    },

    /**
     * Delete an attachment that was not sent yet, uploaded or not. One that was sent stays, as the message does: our
     * choice.
     *
     * @throws {GuestError} 4009
     */
    async remove ({ conversationId }: GuestSession, id: string): Promise<void> {
      const deleted = await attachments.update(
        id,
        attachment => attachment.conversationId === conversationId && attachment.state !== 'sent'
          ? { ...attachment, state: 'deleted' }
          : attachment,
        keepingOf
      )
      if (deleted?.conversationId !== conversationId || deleted.state !== 'deleted') throw guestErrors.attachmentNotFound()
      if (deleted.file !== undefined) await files.remove(deleted.file)
    },

    /**
     * Keep a file that the agent's side attaches to a message. Names, blocked extensions, size and content are checked as
     * those of a guest; what types a deployment takes concerns guests alone.
     *
     * @throws {GuestError} 4004, 4005, 4001, 4002, 4003, 4102, or 400 where there are too many already
     */
    async keep (
      session: GuestSession,
      { fileName, fileType, bytes }: { fileName: string, fileType: string, bytes: Bytes }
    ): Promise<AttachmentContent> {
      checkFileName(fileName)
      checkFileType(fileName, fileType.toLowerCase())
      await checkCount(session.conversationId)
      const { file, size } = await files.write(bytes, {
        limit: maxFileBytes,
        content: checkContent(fileType.toLowerCase()),
        checkRoom: size => room.check(false, size)
      })
      const attachment = {
        ...ownerOf(session),
        id: randomUUID(),
        fileName,
        fileType: fileType.toLowerCase(),
        fileSize: size,
        limit: maxFileBytes,
        uploadUntil: Date.now(),
        state: 'sent' as const,
        file
      }
      await add(attachment)
      return contentFor(attachment)
    },

    /** The conversation goes on, and what it keeps lives for so many seconds from now. */
    prolong: (conversationId: string, seconds: number): Promise<void> =>
      attachments.prolongTagged(tags.kept(conversationId), seconds),

    /** The conversation is over: rows and files go. */
    async forget (conversationId: string): Promise<void> {
      const gone = await attachments.tagged(tags.conversation(conversationId))
      await attachments.deleteTagged(tags.conversation(conversationId))
      for (const { file } of gone) if (file !== undefined) await files.remove(file)
    },

    /** Remove all files; of the rest the store has let go. */
    clear: () => files.clear(),

    /** Before the store is closed. */
    async stop (): Promise<void> {
      clearInterval(timer)
      await sweeping
    }
  }
}

export type Attachments = ReturnType<typeof openAttachments>
