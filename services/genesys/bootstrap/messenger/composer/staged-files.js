import { randomUUID } from '../../platform/random-uuid.js'

/** @import { MessagingError } from '../../connection/messaging-errors.js' */
/** @import { Plugin } from '../../platform/plugin-bus.js' */
/** @import { Attachment } from '../shared/content-parts.js' */
/** @import { StagedFile } from './attachment-tray.js' */
/** @import { Composer, Media } from './composer.js' */

/** @typedef {{ attachmentId: string, downloadUrl: string }} Uploaded */

/** The files that go with the next message. */
export class StagedFiles {
  #plugin
  #composer
  /** @type {StagedFile[]} */
  #files = []
  /** @type {Map<string, { attachment: Attachment, file: File }>} */
  #known = new Map()

  /**
   * @param {Plugin} plugin
   * @param {Composer} composer
   */
  constructor (plugin, composer) {
    this.#plugin = plugin
    this.#composer = composer
    plugin.subscribe('MessagingService.fileUploaded', ({ data }) => this.#uploaded(/** @type {Uploaded} */ (data)))
    plugin.subscribe('MessagingService.error', ({ data }) => {
      const { body } = /** @type {{ error: MessagingError }} */ (data).error
      const { attachmentId, errorMessage } = /** @type {{ attachmentId?: string, errorMessage?: string }} */ (body ?? {})
      this.#failed(attachmentId, errorMessage)
    })
    plugin.subscribe('MessagingService.fileUploadError', ({ data }) => {
      this.#failed(/** @type {{ attachmentId?: string }} */ (data).attachmentId)
    })
    plugin.subscribe('MessagingService.fileDeleted', ({ data }) => {
      const { attachmentId } = /** @type {{ attachmentId?: string }} */ (data)
      this.#keep((staged) => staged.attachmentId !== attachmentId)
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
    for (const file of files) this.#stage(file)
  }

  /** @param {StagedFile} staged */
  remove (staged) {
    this.#keep((other) => other !== staged)
    if (staged.state === 'failed' || !staged.attachmentId) return
    // The service lets go of files that no message carries; a failure leaves nothing for the person to do.
    this.#plugin.command('MessagingService.deleteFile', { id: staged.attachmentId }).catch(() => {})
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
  async #stage (file) {
    const { name, size, type } = file
    // Its own id, since several files can be under way at once.
    const attachmentId = randomUUID()
    /** @type {StagedFile} */
    const staged = { name, size, type, state: 'underWay', attachmentId }
    const mediaType = type.startsWith('image/') ? 'Image' : 'File'
    this.#known.set(attachmentId, { attachment: { id: attachmentId, filename: name, fileSize: size, mime: type, mediaType }, file })
    this.#files = [...this.#files, staged]
    this.#composer.showFiles(this.#files)
    try {
      await this.#plugin.command('MessagingService.requestUpload', { file, attachmentId })
    } catch (error) {
      this.#failed(attachmentId, typeof error === 'string' ? error : '')
    }
  }

  /** @param {Uploaded} uploaded */
  #uploaded ({ attachmentId, downloadUrl: url }) {
    const known = this.#known.get(attachmentId)
    if (known) known.attachment.url = url
    this.#change(attachmentId, { state: 'done', url })
  }

  /**
   * @param {string | undefined} attachmentId
   * @param {string} [problem]
   */
  #failed (attachmentId, problem) {
    if (attachmentId) this.#change(attachmentId, { state: 'failed', problem })
  }

  /**
   * @param {string} attachmentId
   * @param {Partial<StagedFile>} change
   */
  #change (attachmentId, change) {
    const staged = this.#files.find((candidate) => candidate.attachmentId === attachmentId)
    if (staged) Object.assign(staged, change)
    this.#composer.showFiles(this.#files)
  }

  /** @param {(staged: StagedFile) => boolean} wanted */
  #keep (wanted) {
    this.#files = this.#files.filter(wanted)
    this.#composer.showFiles(this.#files)
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
