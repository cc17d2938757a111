/** What the server sends on the guest WebSocket. */
export interface Frame {
  /** `response` answers a request; `message` is a push, and the echo of the guest's own message */
  type: 'response' | 'message'
  class: string
  code: number
  body: unknown
  tracingId?: string
}

/** A frame that nobody has asked for, to one guest or to several. */
export const push = (className: string, body: unknown): Frame => ({ type: 'message', class: className, code: 200, body })

/** As in the tests of Genesys' mobile SDK, of type `response` whoever it goes to. */
export const sessionExpired: Frame = { type: 'response', class: 'SessionExpiredEvent', code: 200, body: {} }
