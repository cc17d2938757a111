/** What the server sends on the guest WebSocket. */
export interface Frame {
  /** `response` answers a request; `message` is a push, and the echo of the guest's own message */
  type: 'response' | 'message'
  class: string
  code: number
  body: unknown
  tracingId?: string
}

export const push = (className: string, body: unknown): Frame => ({ type: 'message', class: className, code: 200, body })

/** A request that fails: answered with a frame of class `string`, and the socket stays. */
export class GuestError extends Error {
  override name = 'GuestError'
  readonly code: number

  constructor (code: number, text: string) {
    super(text)
    this.code = code
  }
}

/** Codes of 4000 and more as in `ErrorCode` of Genesys' mobile SDK; its texts where it has any, else our choice. */
export const guestErrors = {
  requestFailed: (why: string) => new GuestError(400, `Request failed. ${why}`),
  unauthorized: () => new GuestError(401, 'User is unauthorized'),
  otherUser: () => new GuestError(403, 'Session authentication failed: the session belongs to another user'),
  notConfigured: () => new GuestError(403, 'Turn on the Feature Toggle or fix the configuration.'),
  clearNotSupported: () => new GuestError(403, 'Presence events Conversation Clear are not supported'),
  readOnly: () => new GuestError(409, 'The conversation is read-only'),
  featureUnavailable: (what: string) => new GuestError(4000, `Feature unavailable: ${what}`),
  sessionNotFound: () => new GuestError(4007, 'Session not found'),
  messageTooLong: () => new GuestError(4011, 'Message is longer than 4096 bytes'),
  customAttributesTooLarge: () => new GuestError(4013, 'Custom Attributes in channel metadata is larger than 2048 bytes'),
  cannotDowngrade: () => new GuestError(4017, 'Cannot downgrade to an unauthenticated session'),
  missingParameter: (name: string) => new GuestError(4020, `Missing parameter: ${name}`),
  unexpected: () => new GuestError(5000, 'Request failed.')
}
