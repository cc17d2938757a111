import { randomUUID } from 'node:crypto'
import type { Logger } from '#lib/server/http-server.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import type { Jwts } from '../auth/jwt.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { guestErrors } from '../protocol/guest-errors.ts'
import type { AttachmentContent, StructuredMessage } from '../protocol/structured-message.ts'
import type { Connections } from '../sessions/connections.ts'
import type { GuestSession } from '../sessions/guest-session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { StorageQuota } from '../sessions/storage-quota.ts'
import { checkContent } from './content-check.ts'
import { checkFileName, checkFileSize, checkFileType, limitOf, maxFileBytes, md5Of } from './file-rules.ts'
import type { AttachmentFiles, Bytes } from './attachment-files.ts'
import { presignedSeconds, PresignedUrls, type UrlHolder } from './presigned-urls.ts'
import { contentFor, isUploaded, keepingOf, ownerOf, tags, type Attachment, type UploadedAttachment } from './attachment.ts'
import { UploadReceiver } from './upload-receiver.ts'

// How many files a guest may be about to upload, and how many a conversation may keep.
const maxWaiting = 10
const maxKept = 100
const sweepIntervalMs = 10 * 60_000

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

/** Files in conversations: requested on the guest WebSocket, uploaded and downloaded over presigned URLs. */
export class AttachmentStore {
  readonly #attachments: Collection<Attachment>
  readonly #files: AttachmentFiles
  readonly #quota: StorageQuota
  readonly #urls: PresignedUrls
  readonly #uploads: UploadReceiver
  readonly #sessions: SessionStore
  readonly #log: Logger
  readonly #sweepTimer: NodeJS.Timeout
  #sweeping: Promise<void>

  /** @param options.url own origin */
  constructor ({ store, files, quota, jwts, url, sessions, connections, log }: {
    store: Store
    files: AttachmentFiles
    quota: StorageQuota
    jwts: Jwts
    url: string
    sessions: SessionStore
    connections: Connections
    log: Logger
  }) {
    const attachments = store.collection<Attachment>('attachment')
    this.#attachments = attachments
    this.#files = files
    this.#quota = quota
    this.#urls = new PresignedUrls(jwts, url)
    this.#uploads = new UploadReceiver({
      attachments,
      files,
      quota,
      downloadUrlOf: async ({ id, sessionKey }) => await this.#urls.download(id, await sessions.find(sessionKey) ?? {}),
      connections
    })
    this.#sessions = sessions
    this.#log = log
    this.#sweeping = this.#sweep()
    this.#sweepTimer = setInterval(() => { this.#sweeping = this.#sweep() }, sweepIntervalMs).unref()
  }

  /** The folder of the files. */
  get folder (): string {
    return this.#files.folder
  }

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
    await this.#checkCount(session.conversationId)
    this.#quota.check(session.identity === undefined, fileSize)

    const isNew = await this.#add({
      ...ownerOf(session),
      id,
      fileName,
      fileType,
      fileSize,
      md5,
      limit: fileSize ?? limit,
      uploadUntil: Date.now() + presignedSeconds * 1000,
      state: 'waiting'
    })
    if (!isNew) throw guestErrors.requestFailed('The attachmentId was used before.')
    const headers = { 'content-type': fileType }
    return { attachmentId: id, headers, url: await this.#urls.upload(id, session), fileName, fileSize, fileType }
  }

  /** Whether the token of a presigned URL allows a use of an attachment. */
  async allows (use: 'upload' | 'download', id: string, token: string): Promise<boolean> {
    if (use === 'download' && await this.#urls.holderOf('agent-download', id, token)) return true
    const holder = await this.#urls.holderOf(`guest-${use}`, id, token)
    const attachment = holder && await this.#attachments.get(id)
    // The URL of a file that is gone passes: whoever reads the file answers 404.
    if (!attachment) return holder !== undefined
    return holder.access === (await this.#sessions.find(attachment.sessionKey))?.access
  }

  /** As `UploadReceiver.receive`. */
  async receive (id: string, upload: { contentType: string | undefined, bytes: Bytes }): Promise<void> {
    await this.#uploads.receive(id, upload)
  }

  /** @returns an attachment that is there to download, with its file's name in the folder */
  async find (id: string): Promise<UploadedAttachment | undefined> {
    const attachment = await this.#attachments.get(id)
    return attachment && isUploaded(attachment) ? attachment : undefined
  }

  /**
   * The content of a message that a guest sends with uploads, which stay from now on.
   *
   * @throws {GuestError} 4009, 4008 or 4010, and then none is sent
   */
  async contentOf (session: GuestSession, ids: string[]): Promise<AttachmentContent[]> {
    const found = await Promise.all(ids.map(id => this.#uploaded(session, id)))
    return await Promise.all(found.map(async ({ id }) => {
      // It lives on as long as the message does.
      const sent = await this.#attachments.update(
        id,
        attachment => attachment.state === 'uploaded' ? { ...attachment, state: 'sent' } : attachment,
        keepingOf
      )
      if (!sent || !isUploaded(sent)) throw guestErrors.attachmentNotFound()
      return contentFor(sent)
    }))
  }

  /**
   * A message with fresh download URLs. Messages are kept without, since such a URL holds a token that expires.
   *
   * @param holder the guest who is to have them; without one they are for the agent's side
   */
  async withUrls (message: StructuredMessage, holder?: UrlHolder): Promise<StructuredMessage> {
    if (message.type !== 'Text' || !message.content) return message
    return { ...message, content: await Promise.all(message.content.map(part => this.#withUrl(part, holder))) }
  }

  /** @throws {GuestError} 4009, 4008 or 4010 */
  async download (session: GuestSession, id: string): Promise<PresignedUrl> {
    const { fileName, fileType, fileSize } = await this.#uploaded(session, id)
    return { attachmentId: id, headers: {}, url: await this.#urls.download(id, session), fileName, fileSize, fileType }
  }

  /**
   * Delete an attachment that was not sent yet, uploaded or not. One that was sent stays, as the message does.
   *
   * @throws {GuestError} 4009
   */
  async remove ({ conversationId }: GuestSession, id: string): Promise<void> {
    const deleted = await this.#attachments.update(
      id,
      attachment => attachment.conversationId === conversationId && attachment.state !== 'sent'
        ? { ...attachment, state: 'deleted' }
        : attachment,
      keepingOf
    )
    if (deleted?.conversationId !== conversationId || deleted.state !== 'deleted') throw guestErrors.attachmentNotFound()
    if (deleted.file !== undefined) await this.#files.remove(deleted.file)
  }

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
    await this.#checkCount(session.conversationId)
    const { file, size } = await this.#files.write(bytes, {
      limit: maxFileBytes,
      content: checkContent(fileType.toLowerCase()),
      checkQuota: size => this.#quota.check(false, size)
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
    await this.#add(attachment)
    return contentFor(attachment)
  }

  /** The conversation goes on, and what it keeps lives for so many seconds from now. */
  async prolong (conversationId: string, seconds: number): Promise<void> {
    await this.#attachments.prolongTagged(tags.kept(conversationId), seconds)
  }

  /** The conversation is over: rows and files go. */
  async forget (conversationId: string): Promise<void> {
    const gone = await this.#attachments.tagged(tags.conversation(conversationId))
    await this.#attachments.deleteTagged(tags.conversation(conversationId))
    for (const { file } of gone) if (file !== undefined) await this.#files.remove(file)
  }

  /** Remove all files; of the rest the store has let go. */
  async clear (): Promise<void> {
    await this.#files.clear()
  }

  /** Before the store is closed. */
  async stop (): Promise<void> {
    clearInterval(this.#sweepTimer)
    await this.#sweeping
  }

  async #add (attachment: Attachment): Promise<boolean> {
    return await this.#attachments.add(attachment.id, attachment, keepingOf(attachment))
  }

  async #checkCount (conversationId: string): Promise<void> {
    const isFew = await this.#attachments.countTagged(tags.kept(conversationId)) < maxKept &&
      await this.#attachments.countTagged(tags.waiting(conversationId)) < maxWaiting
    if (!isFew) throw guestErrors.requestFailed('There are too many attachments.')
  }

  /** @throws {GuestError} 4009, 4008 or 4010. Those of other conversations are as good as not there. */
  async #uploaded ({ conversationId }: GuestSession, id: string): Promise<UploadedAttachment> {
    const attachment = await this.#attachments.get(id)
    if (attachment?.conversationId !== conversationId || attachment.state === 'deleted') throw guestErrors.attachmentNotFound()
    if (isUploaded(attachment)) return attachment
    throw attachment.uploadUntil > Date.now() ? guestErrors.attachmentNotUploaded() : guestErrors.attachmentExpired()
  }

  async #withUrl ({ contentType, attachment }: AttachmentContent, holder?: UrlHolder): Promise<AttachmentContent> {
    const url = await (holder ? this.#urls.download(attachment.id, holder) : this.#urls.downloadForAgent(attachment.id))
    return { contentType, attachment: { ...attachment, url } }
  }

  async #sweep (): Promise<void> {
    try {
      await this.#files.sweep(async file => await this.#attachments.countTagged(tags.file(file)) > 0)
    } catch (err) {
      this.#log.error({ err }, 'the folder of attachments could not be swept')
    }
  }
}
