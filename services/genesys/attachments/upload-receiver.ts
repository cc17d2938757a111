import type { Collection } from '#lib/store/store.ts'
import { push } from '../protocol/frames.ts'
import { GuestError, guestErrors } from '../protocol/guest-errors.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { Connections } from '../sessions/connections.ts'
import type { StorageQuota } from '../sessions/storage-quota.ts'
import { checkContent } from './content-check.ts'
import type { AttachmentFiles, Bytes, KeptFile } from './attachment-files.ts'
import { keepingOf, type Attachment } from './attachment.ts'

const statuses: Record<number, number> = {
  [guestErrors.fileSizeInvalid().code]: 413,
  // Nothing is wrong with the file itself: there is no room.
  [guestErrors.noRoom().code]: 503
}

/** HTTP status of an upload whose content is refused. */
export const refusedUploadStatus = ({ code }: GuestError) => statuses[code] ?? 400

/** An upload that was taken but is not what was announced. */
class RefusedUpload extends PlatformError {
  override name = 'RefusedUpload'
  readonly error: GuestError

  constructor (error: GuestError, status = refusedUploadStatus(error)) {
    super(status, { message: error.message, reason: `the upload was refused with ${error.code}` })
    this.error = error
  }
}

/** Takes what guests upload to presigned URLs. */
export class UploadReceiver {
  readonly #attachments: Collection<Attachment>
  readonly #files: AttachmentFiles
  readonly #quota: StorageQuota
  readonly #downloadUrlOf: (attachment: Attachment) => Promise<string>
  readonly #connections: Connections
  // Two uploads to one URL at once would only fill the disk; which of two replicas wins, the store decides.
  readonly #receiving = new Set<string>()

  constructor ({ attachments, files, quota, downloadUrlOf, connections }: {
    attachments: Collection<Attachment>
    files: AttachmentFiles
    quota: StorageQuota
    downloadUrlOf: (attachment: Attachment) => Promise<string>
    connections: Connections
  }) {
    this.#attachments = attachments
    this.#files = files
    this.#quota = quota
    this.#downloadUrlOf = downloadUrlOf
    this.#connections = connections
  }

  /**
   * Take what is uploaded to a presigned URL, and tell the sockets of the session how it went.
   *
   * @throws {PlatformError} 404 where there is nothing to upload, 403 where that is done already, 415 where the content
   *   type is not the announced one, 413 or 400 where the content is not what was announced,
   *   503 where there is no room
   */
  async receive (id: string, { contentType, bytes }: { contentType: string | undefined, bytes: Bytes }): Promise<void> {
    const attachment = await this.#attachments.get(id)
    if (!attachment || attachment.state === 'deleted') throw new PlatformError(404)
    if (attachment.state !== 'waiting') throw new PlatformError(403, { reason: 'it is uploaded already' })
    if (contentType?.toLowerCase() !== attachment.fileType) throw new PlatformError(415)
    if (this.#receiving.has(id)) throw new PlatformError(403, { reason: 'it is being uploaded' })
    this.#receiving.add(id)
    try {
      const taken = await this.#take(attachment, bytes)
      await this.#tell(taken, 'UploadSuccessEvent', { downloadUrl: await this.#downloadUrlOf(taken) })
    } catch (error) {
      // Other refusals concern this request alone: somebody else has uploaded it, or it was deleted.
      const failure = failureOf(error)
      if (failure) await this.#tell(attachment, 'UploadFailureEvent', { errorCode: failure.code, errorMessage: failure.message })
      throw error
    } finally {
      this.#receiving.delete(id)
    }
  }

  async #take (attachment: Attachment, bytes: Bytes): Promise<Attachment> {
    const { fileType, limit, fileSize, md5, anonymous } = attachment
    const checkQuota = (size: number) => this.#quota.check(anonymous, size)
    const kept = await this.#files.write(bytes, { limit, content: checkContent(fileType), checkQuota }).catch((error: unknown) => {
      throw error instanceof GuestError ? new RefusedUpload(error) : error
    })
    const asAnnounced = (fileSize === undefined || kept.size === fileSize) && (md5 === undefined || kept.md5 === md5)
    if (asAnnounced) return await this.#settle(attachment, kept)
    await this.#files.remove(kept.file)
    const hasSize = kept.size === (fileSize ?? kept.size)
    throw new RefusedUpload(hasSize ? guestErrors.fileContentInvalid() : guestErrors.fileSizeInvalid(), 400)
  }

  /** Where the file of an attachment is in its place, say so, unless another upload was first or the guest has gone. */
  async #settle ({ id }: Attachment, { file, size }: KeptFile): Promise<Attachment> {
    const settled = await this.#attachments.update(
      id,
      attachment => attachment.state === 'waiting' ? { ...attachment, state: 'uploaded', file, fileSize: size } : attachment,
      keepingOf
    )
    if (settled?.file === file) return settled
    await this.#files.remove(file)
    throw new PlatformError(403, { reason: 'meanwhile it was uploaded by another, deleted or forgotten' })
  }

  async #tell ({ sessionKey, id }: Attachment, event: string, body: object): Promise<void> {
    const frame = push(event, { attachmentId: id, ...body, timestamp: new Date().toISOString() })
    await this.#connections.send(sessionKey, frame)
  }
}

/** What the guest is told of an upload that came to nothing, if anything. */
function failureOf (error: unknown): GuestError | undefined {
  if (error instanceof RefusedUpload) return error.error
  return error instanceof PlatformError ? undefined : guestErrors.unexpected()
}
