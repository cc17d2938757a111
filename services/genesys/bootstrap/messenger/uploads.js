/** @import { Plugin } from '../types.js' */
/** @import { Upload } from './attachment-tray.js' */
/** @import { Composer, Media } from './composer.js' */
/** @import { Attachment } from './content.js' */

/**
 * What `MessagingService.requestUpload` resolves with.
 * @typedef {object} Uploaded
 * @property {string} attachmentId
 * @property {string} fileName
 * @property {string} fileType
 * @property {number} fileSize
 * @property {string} downloadUrl
 */

/** The files that go with the next message. */
export class Uploads {
  #plugin
  #composer
  /** @type {Upload[]} */
  #uploads = []
  /** @type {Map<string, { attachment: Attachment, file: File }>} */
  #known = new Map()

  /**
   * @param {Plugin} plugin
   * @param {Composer} composer
   */
  constructor (plugin, composer) {
    this.#plugin = plugin
    this.#composer = composer
    plugin.subscribe('MessagingService.uploadError', ({ data }) => this.#failLate(data))
    plugin.subscribe('MessagingService.fileDeleted', ({ data }) => {
      const { attachmentId } = /** @type {{ attachmentId?: string }} */ (data)
      this.#keep((upload) => !attachmentId || upload.attachmentId !== attachmentId)
    })
  }

  /**
   * A file that this page has uploaded, which is all there is to show until its message comes back.
   * @param {string} attachmentId
   */
  find (attachmentId) {
    return this.#known.get(attachmentId)?.attachment
  }

  /**
   * Those of a message that was refused: the service has let go of them with it.
   * @param {string[]} attachmentIds
   */
  addAgain (attachmentIds) {
    this.add(attachmentIds.flatMap((attachmentId) => this.#known.get(attachmentId)?.file ?? []))
  }

  /** @param {File[]} files */
  add (files) {
    for (const file of files) this.#upload(file)
  }

  /** @param {Upload} upload */
  remove (upload) {
    this.#keep((other) => other !== upload)
    if (upload.attachmentId) this.#delete(upload.attachmentId)
  }

  /** The message has been handed over, with what was ready. */
  sent () {
    this.#keep(({ state }) => state !== 'done')
  }

  clear () {
    this.#known.clear()
    this.#keep(() => false)
  }

  /** @param {File} file */
  async #upload (file) {
    const { name, size, type } = file
    /** @type {Upload} */
    const upload = { name, size, type, state: 'underWay' }
    this.#uploads = [...this.#uploads, upload]
    this.#composer.showUploads(this.#uploads)
    try {
      const answer = /** @type {Uploaded} */ (await this.#plugin.command('MessagingService.requestUpload', { file }))
      const { attachmentId, downloadUrl: url } = answer
      // It was removed meanwhile.
      if (!this.#uploads.includes(upload)) return this.#delete(attachmentId)
      const mediaType = type.startsWith('image/') ? 'Image' : 'File'
      const attachment = { id: attachmentId, url, filename: name, fileSize: size, mime: type, mediaType }
      this.#known.set(attachmentId, { attachment, file })
      Object.assign(upload, { state: 'done', attachmentId, url })
    } catch (error) {
      Object.assign(upload, { state: 'failed', problem: typeof error === 'string' ? error : '' })
    }
    this.#composer.showUploads(this.#uploads)
  }

  /** @param {unknown} data */
  #failLate (data) {
    const { attachmentId, errorMessage } = /** @type {{ attachmentId?: string, errorMessage?: string }} */ (data)
    const upload = this.#uploads.find((candidate) => attachmentId && candidate.attachmentId === attachmentId)
    if (upload) Object.assign(upload, { state: 'failed', problem: errorMessage })
    this.#composer.showUploads(this.#uploads)
  }

  /** @param {string} attachmentId */
  #delete (attachmentId) {
    // The service lets go of files that no message carries; a failure leaves nothing for the person to do.
    this.#plugin.command('MessagingService.deleteFile', { attachmentId }).catch(() => {})
  }

  /** @param {(upload: Upload) => boolean} wanted */
  #keep (wanted) {
    this.#uploads = this.#uploads.filter(wanted)
    this.#composer.showUploads(this.#uploads)
  }
}

/**
 * What the person may attach, as the service has said when the session began.
 * @param {unknown} session
 * @returns {Media | undefined}
 */
export function allowedMedia (session) {
  const { allowedMedia } = /** @type {{ allowedMedia?: { inbound?: { fileTypes?: { type: string }[] } } }} */ (session ?? {})
  const types = allowedMedia?.inbound?.fileTypes?.map(({ type }) => type) ?? []
  if (types.length === 0) return
  return { accept: types.includes('*/*') ? '' : types.join(',') }
}
