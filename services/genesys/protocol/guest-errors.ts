import type { Frame } from './frames.ts'

/** A request that fails: answered with a frame, as a rule of class `string`, and the socket stays. */
export class GuestError extends Error {
  override name = 'GuestError'
  readonly code: number
  readonly #frame: Pick<Frame, 'class' | 'body'>

  constructor (code: number, text: string, frame: Pick<Frame, 'class' | 'body'> = { class: 'string', body: text }) {
    super(text)
    this.code = code
    this.#frame = frame
  }

  get frame (): Frame {
    return { type: 'response', ...this.#frame, code: this.code }
  }
}

/** A request that came too soon. */
export class TooManyRequests extends GuestError {
  override name = 'TooManyRequests'
  /** seconds */
  readonly retryAfter: number

  constructor (retryAfter: number, errorMessage: string) {
    super(429, errorMessage, { class: 'TooManyRequestsErrorMessage', body: { retryAfter, errorCode: 4029, errorMessage } })
    this.retryAfter = retryAfter
  }
}

/** Codes of 4000 and more as in `ErrorCode` of Genesys' mobile SDK; its texts where it has any. */
export const guestErrors = {
  requestFailed: (why: string) => new GuestError(400, `Request failed. ${why}`),
  noRoom: () => new GuestError(400, 'Request failed. There is no room for more at the moment.'),
  unauthorized: () => new GuestError(401, 'User is unauthorized'),
  otherUser: () => new GuestError(403, 'Session authentication failed: the session belongs to another user'),
  notConfigured: () => new GuestError(403, 'Turn on the Feature Toggle or fix the configuration.'),
  clearNotSupported: () => new GuestError(403, 'Presence events Conversation Clear are not supported'),
  readOnly: () => new GuestError(409, 'The conversation is read-only'),
  featureUnavailable: (what: string) => new GuestError(4000, `Feature unavailable: ${what}`),
  fileTypeInvalid: () => new GuestError(4001, 'The file type is not allowed'),
  fileSizeInvalid: () => new GuestError(4002, 'The file size is not allowed'),
  fileContentInvalid: () => new GuestError(4003, 'The content of the file is not what its type says'),
  fileNameInvalid: () => new GuestError(4004, 'The file name is not valid'),
  fileNameTooLong: () => new GuestError(4005, 'The file name is too long'),
  sessionExpired: () => new GuestError(4006, 'Session has expired'),
  sessionNotFound: () => new GuestError(4007, 'Session not found'),
  attachmentExpired: () => new GuestError(4008, 'Attachment has expired'),
  attachmentNotFound: () => new GuestError(4009, 'Attachment not found'),
  attachmentNotUploaded: () => new GuestError(4010, 'Attachment was not successfully uploaded'),
  messageTooLong: () => new GuestError(4011, 'Message is longer than 4096 bytes'),
  customAttributesTooLarge: () => new GuestError(4013, 'Custom Attributes in channel metadata is larger than 2048 bytes'),
  cannotDowngrade: () => new GuestError(4017, 'Cannot downgrade to an unauthenticated session'),
  missingParameter: (name: string) => new GuestError(4020, `Missing parameter: ${name}`),
  fileEmpty: () => new GuestError(4102, 'The file is empty'),
  unexpected: () => new GuestError(5000, 'Request failed.')
}
