import { allowedFile } from './allowed-files.js'
import { patiently, rest } from './rate-limits.js'
import { requestJson } from './rest.js'

/** @import { Connection } from './connection.js' */
/** @import { Frame, Plugin, SessionResponse } from './types.js' */

/**
 * @typedef {{ attachmentId: string, fileName: string, fileType: string, fileSize: number }} FileDescription
 * @typedef {FileDescription & { downloadUrl: string }} UploadedFile
 * @typedef {{ attachmentId: string, errorCode?: number, errorMessage?: string }} UploadError
 * @typedef {{ attachmentId: string, url: string, headers?: Record<string, string>, fileName?: string, fileSize?: number, fileType?: string }} Presigned
 */

// The service looks at the bytes after they have arrived, and says so in a frame of its own.
const PATIENCE = 60_000
const FRAME_LATER = 1000

/** The guest's files: each is uploaded by itself, and rides on the next message. */
export class Uploads {
  #plugin
  #connection
  /** @type {SessionResponse | undefined} */
  #session
  /** @type {Map<string, PromiseWithResolvers<string>>} Under way, by their ids; each becomes the address to download from. */
  #pending = new Map()
  /** @type {string[]} Uploaded, and not part of a message yet. */
  #waiting = []

  /**
   * @param {Plugin} plugin
   * @param {Connection} connection
   */
  constructor (plugin, connection) {
    this.#plugin = plugin
    this.#connection = connection
  }

  /** @param {SessionResponse} session What it allows. */
  allow (session) {
    this.#session = session
  }

  /**
   * @param {unknown} data
   * @returns {Promise<UploadedFile>}
   */
  async upload (data) {
    const { file } = /** @type {{ file?: unknown }} */ (data)
    if (!(file instanceof File)) throw new Error('There is no file to upload')
    const description = { attachmentId: crypto.randomUUID(), fileName: file.name, fileType: file.type, fileSize: file.size }
    try {
      const problem = allowedFile(description, this.#session)
      if (problem) throw new UploadRefusal(problem.errorCode, problem.errorMessage)
      return await this.#transfer(file, description)
    } catch (error) {
      const { message: errorMessage, code } = /** @type {Error & { code?: unknown }} */ (error)
      const errorCode = typeof code === 'number' ? code : 0
      this.#plugin.publish('uploadError', { attachmentId: description.attachmentId, errorCode, errorMessage })
      throw error
    }
  }

  get none () {
    return this.#waiting.length === 0
  }

  /** The files that ride on the message which is being written now. */
  take () {
    return this.#waiting.splice(0)
  }

  /** @param {unknown} data */
  async address (data) {
    const { attachmentId } = /** @type {{ attachmentId?: string }} */ (data)
    if (typeof attachmentId !== 'string') throw new Error('There is no attachmentId')
    const { body } = await this.#request('getAttachment', { attachmentId }, 'PresignedUrlResponse')
    const { url, fileName, fileSize, fileType } = /** @type {Presigned} */ (body)
    return { attachmentId, downloadUrl: url, fileName, fileSize, fileType }
  }

  /** @param {unknown} data */
  async download (data) {
    const file = await this.address(data)
    const link = document.createElement('a')
    // In a tab of its own: the address is of another origin, where a page cannot force a download.
    Object.assign(link, { href: file.downloadUrl, download: file.fileName ?? '', target: '_blank', rel: 'noopener' })
    link.click()
    return file
  }

  /** @param {unknown} data */
  async delete (data) {
    const { attachmentId } = /** @type {{ attachmentId?: string }} */ (data)
    if (typeof attachmentId !== 'string') throw new Error('There is no attachmentId')
    // At once: a message that is sent meanwhile must not take it along.
    this.#waiting = this.#waiting.filter((id) => id !== attachmentId)
    await this.#request('deleteAttachment', { attachmentId }, 'AttachmentDeletedResponse')
    this.#plugin.publish('fileDeleted', { attachmentId })
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} Whether it was about a file.
   */
  receive ({ class: name, body }) {
    const { attachmentId, downloadUrl, errorCode, errorMessage } = /** @type {UploadError & { downloadUrl: string }} */ (body ?? {})
    if (name === 'UploadSuccessEvent') this.#pending.get(attachmentId)?.resolve(downloadUrl)
    if (name === 'UploadFailureEvent') this.#pending.get(attachmentId)?.reject(new UploadRefusal(errorCode, errorMessage))
    return name === 'UploadSuccessEvent' || name === 'UploadFailureEvent'
  }

  /** The next conversation has its own. */
  forget () {
    this.#waiting = []
    for (const { reject } of this.#pending.values()) reject(new Error('The conversation has ended'))
  }

  /**
   * @param {File} file
   * @param {FileDescription} description
   */
  async #transfer (file, description) {
    const { attachmentId } = description
    this.#plugin.publish('uploading', description)
    const { body } = await this.#request('onAttachment', { ...description, errorsAsJson: true }, 'PresignedUrlResponse')
    this.#plugin.publish('uploadApproved', description)
    const { url, headers = {} } = /** @type {Presigned} */ (body)
    const downloadUrl = await this.#put(file, attachmentId, url, headers)
    this.#waiting.push(attachmentId)
    const uploaded = { ...description, downloadUrl }
    this.#plugin.publish('fileUploaded', uploaded)
    return uploaded
  }

  /**
   * @param {File} file
   * @param {string} attachmentId
   * @param {string} url
   * @param {Record<string, string>} headers
   */
  async #put (file, attachmentId, url, headers) {
    /** @type {PromiseWithResolvers<string>} */
    const arrived = Promise.withResolvers()
    // The service may be quicker with its verdict than with the answer to the bytes.
    arrived.promise.catch(() => {})
    this.#pending.set(attachmentId, arrived)
    const given = new AbortController()
    given.signal.addEventListener('abort', () => arrived.reject(new Error('The connection was closed')))
    // Signing in configures the same socket anew, which takes nothing away from an upload.
    const lost = () => queueMicrotask(() => { if (!this.#connection.steppingUp) given.abort() })
    const { signal } = this.#connection
    signal.addEventListener('abort', lost)
    const timeout = setTimeout(() => arrived.reject(new Error('The upload takes too long')), PATIENCE)
    try {
      await requestJson('PUT', url, { file, headers, signal: given.signal }).catch(async (error) => {
        // The reason comes in a frame.
        await Promise.race([arrived.promise, rest(FRAME_LATER, given.signal)])
        throw error
      })
      return await arrived.promise
    } finally {
      clearTimeout(timeout)
      signal.removeEventListener('abort', lost)
      this.#pending.delete(attachmentId)
    }
  }

  /**
   * @param {string} action
   * @param {Record<string, unknown>} fields
   * @param {string} expected Class of the answer.
   */
  async #request (action, fields, expected) {
    const { signal } = this.#connection
    const frame = await patiently(() => this.#connection.request(action, fields), signal)
    if (frame.class === expected) return frame
    const { errorCode, errorMessage } = /** @type {UploadError} */ (frame.body ?? {})
    throw new UploadRefusal(errorCode, errorMessage)
  }
}

class UploadRefusal extends Error {
  /**
   * @param {number} [code]
   * @param {string} [message]
   */
  constructor (code = 0, message = 'The file could not be uploaded') {
    super(message)
    this.code = code
  }
}
