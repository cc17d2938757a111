import { FrameError } from '../connection/frames.js'
import { messagingErrorOf } from '../connection/messaging-errors.js'
import { retryWhenRateLimited } from '../connection/rate-limit-retry.js'
import { RestError } from '../platform/rest-api.js'
import { sleep } from '../platform/sleep.js'
import { saveFile, sendFile } from './file-transfer.js'

/** @import { Connection } from '../connection/connection.js' */
/** @import { Frame } from '../connection/frames.js' */
/** @import { Plugin } from '../platform/plugin-bus.js' */

/**
 * @typedef {object} Presigned
 * @property {string} attachmentId
 * @property {string} url
 * @property {Record<string, string>} [headers]
 *
 * @typedef {object} Upload One that is under way.
 * @property {PromiseWithResolvers<{ downloadUrl: string, timestamp: string }>} arrived
 * @property {AbortController} given Aborted when it is given up.
 * @property {boolean} sent The service has all of it.
 */

// The service looks at the bytes after they have arrived, and says so in a frame of its own.
const VERDICT_TIMEOUT_MS = 60_000
const REASON_GRACE_MS = 1000

/** The guest's files: each is uploaded by itself, and goes with the next message. What becomes of it is told by events. */
export class FileUploads {
  #plugin
  #connection
  /** @type {Map<string, Upload>} By the id of the attachment. */
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

  /**
   * Nothing about the file is checked here: that is the service's to do.
   * @param {File} file
   * @param {string} attachmentId
   */
  async upload (file, attachmentId) {
    /** @type {Upload} */
    const upload = { arrived: Promise.withResolvers(), given: new AbortController(), sent: false }
    const { arrived, given } = upload
    // The service may be quicker with its verdict than with the answer to the bytes.
    arrived.promise.catch(() => {})
    given.signal.addEventListener('abort', () => arrived.reject(new RestError(0, 'The upload was given up', undefined)))
    this.#pending.set(attachmentId, upload)
    try {
      const { downloadUrl, timestamp } = await this.#transfer(file, attachmentId, upload)
      this.#waiting.push(attachmentId)
      this.#plugin.publish('fileUploaded', { attachmentId, downloadUrl, timestamp })
    } catch (error) {
      if (given.signal.aborted && given.signal.reason === CANCELLED) this.#plugin.publish('fileUploadCancelled', { attachmentId })
      else if (error instanceof FrameError && error.frame) this.#plugin.publish('error', messagingErrorOf(error, 'uploadFailed'))
      else this.#plugin.publish('fileUploadError', { ...describe(error), attachmentId })
    } finally {
      this.#pending.delete(attachmentId)
    }
  }

  get none () {
    return this.#waiting.length === 0
  }

  /** The files that go with the message which is being written now. */
  take () {
    return this.#waiting.splice(0)
  }

  /**
   * A fresh address of a file that the conversation has.
   * @param {string} attachmentId
   */
  async address (attachmentId) {
    const { body } = await this.#request('getAttachment', { attachmentId }, 'PresignedUrlResponse')
    return /** @type {Presigned} */ (body).url
  }

  /**
   * @param {string} downloadUrl
   * @param {string} name
   */
  async download (downloadUrl, name) {
    try {
      await saveFile(downloadUrl, name)
      this.#plugin.publish('fileDownloaded')
    } catch (error) {
      this.#plugin.publish('fileDownloadError', describe(error))
      throw error
    }
  }

  /**
   * A file that no message has taken along yet.
   * @param {string} attachmentId
   */
  async delete (attachmentId) {
    const pending = this.#pending.get(attachmentId)
    if (pending) return pending.given.abort(CANCELLED)
    // At once: a message that is sent meanwhile must not take it along.
    this.#waiting = this.#waiting.filter((id) => id !== attachmentId)
    try {
      await this.#request('deleteAttachment', { attachmentId }, 'AttachmentDeletedResponse')
      this.#plugin.publish('fileDeleted', { attachmentId })
    } catch (error) {
      this.#plugin.publish('error', messagingErrorOf(error, 'deleteFailed'))
    }
  }

  /**
   * @param {Frame} frame
   * @returns {boolean} Whether it was about a file.
   */
  receive (frame) {
    const uploaded = /** @type {{ attachmentId: string, downloadUrl: string, timestamp: string }} */ (frame.body ?? {})
    const { attachmentId } = uploaded
    if (frame.class === 'UploadSuccessEvent') this.#pending.get(attachmentId)?.arrived.resolve(uploaded)
    if (frame.class === 'UploadFailureEvent') this.#pending.get(attachmentId)?.arrived.reject(refusal(frame))
    return frame.class === 'UploadSuccessEvent' || frame.class === 'UploadFailureEvent'
  }

  /** There is another socket: what became of an upload may have been said while there was none. */
  async catchUp () {
    const sent = [...this.#pending].filter(([, { sent }]) => sent)
    await Promise.all(sent.map(async ([attachmentId, { arrived }]) => {
      const downloadUrl = await this.address(attachmentId)
      arrived.resolve({ downloadUrl, timestamp: new Date().toISOString() })
    }))
  }

  /** The conversation does not go on here. */
  giveUp () {
    for (const { given } of this.#pending.values()) given.abort()
  }

  /** The next conversation has its own. */
  forget () {
    this.#waiting = []
    this.giveUp()
  }

  /**
   * @param {File} file
   * @param {string} attachmentId
   * @param {Upload} upload
   */
  async #transfer (file, attachmentId, upload) {
    const { arrived, given } = upload
    const { name: fileName, type: fileType, size: fileSize } = file
    const { body } = await this.#request('onAttachment', { attachmentId, fileName, fileType, fileSize, errorsAsJson: true }, 'PresignedUrlResponse')
    given.signal.throwIfAborted()
    const { url: uploadURL, headers = {} } = /** @type {Presigned} */ (body)
    this.#plugin.publish('uploadApproved', { attachmentId, headers, uploadURL })
    const { signal } = this.#connection
    const timeout = setTimeout(() => arrived.reject(new RestError(0, 'The upload takes too long', undefined)), VERDICT_TIMEOUT_MS)
    const progress = (/** @type {number} */ percentage) => this.#plugin.publish('uploading', { percentage })
    try {
      await sendFile(file, uploadURL, { headers, signal: given.signal, progress }).catch(async (error) => {
        // Grace period: the reason comes in a frame.
        await Promise.race([arrived.promise, sleep(REASON_GRACE_MS, given.signal)])
        throw error
      })
      upload.sent = true
      // It goes on without the socket, and where another has come meanwhile the word may have been too early for that.
      if (signal.aborted && this.#connection.live) this.catchUp().catch(() => {})
      return await arrived.promise
    } finally {
      clearTimeout(timeout)
    }
  }

  /**
   * @param {string} action
   * @param {Record<string, unknown>} fields
   * @param {string} expected Class of the answer.
   */
  async #request (action, fields, expected) {
    const { signal } = this.#connection
    const frame = await retryWhenRateLimited(() => this.#connection.request(action, fields), signal)
    if (frame.class === expected) return frame
    throw refusal(frame)
  }
}

/** Why an upload is given up that the page has taken back. */
const CANCELLED = 'cancelled'

/** @param {Frame} frame A GenerateUrlError or an UploadFailureEvent. */
function refusal (frame) {
  const { errorCode = 0, errorMessage = 'The file could not be uploaded' } = /** @type {{ errorCode?: number, errorMessage?: string }} */ (frame.body ?? {})
  return new FrameError(errorCode, errorMessage, frame.tracingId, undefined, frame)
}

/** @param {unknown} error */
function describe (error) {
  const { message, name } = /** @type {Error} */ (error)
  return { message, name, status: error instanceof RestError ? error.status : 0 }
}
