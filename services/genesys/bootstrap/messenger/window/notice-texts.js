/** @import { MessagingError } from '../../connection/messaging-errors.js' */

/**
 * @typedef {'signIn' | 'getTokens' | 'stepUp' | 'start' | 'newChat' | 'history' | 'clear'} ActionName
 * @typedef {{ label: string, name: ActionName }} Action
 * @typedef {{ text: string, urgent: boolean, actions: Action[] }} Notice
 */

/** @type {Action} */
const tryAgain = { label: 'Try again', name: 'start' }
/** @type {Action} */
const newChat = { label: 'Start new chat', name: 'newChat' }
/** @type {Action} */
const signIn = { label: 'Sign in', name: 'signIn' }
/** @type {Action} */
const continueHere = { label: 'Continue here', name: 'start' }

/** @type {Record<string, { text: string, actions: Action[] }>} */
const ERRORS = {
  unexpected: { text: 'Something went wrong in the chat.', actions: [] },
  connectFailed: { text: 'We could not reach the chat. Check your connection and try again.', actions: [tryAgain] },
  configureFailed: { text: 'The chat could not be started.', actions: [tryAgain] },
  unauthorized: { text: 'Your sign-in is no longer valid for this chat. Please sign in again.', actions: [signIn] },
  historyUnavailable: {
    text: 'Your earlier messages could not be loaded.',
    actions: [{ label: 'Load messages', name: 'history' }]
  },
  sessionExpired: { text: 'This chat has expired because it was inactive for a long time.', actions: [newChat] },
  sessionNotFound: { text: 'This chat no longer exists.', actions: [newChat] },
  cannotDowngrade: { text: 'This chat belongs to someone who is signed in.', actions: [newChat] },
  sessionRefused: { text: 'The chat on this device belongs to someone else.', actions: [newChat] },
  // Opened a fourth time, or begun anew elsewhere: the service does not say which.
  connectionClosed: { text: 'This chat goes on in another window.', actions: [continueHere] },
  signedInElsewhere: { text: 'You have signed in to this chat on another device.', actions: [continueHere] }
}

/**
 * What a person reads instead of the service's own text; undefined for what shows beside the message or the file.
 * @param {MessagingError} error
 * @returns {Notice | undefined}
 */
export function noticeFor ({ errorKey }) {
  const words = ERRORS[errorKey]
  return words && { urgent: true, ...words }
}

/** @type {Notice} */
export const RECONNECTING = {
  text: 'Connection lost. Reconnecting… What you write now is sent as soon as we are back.',
  urgent: false,
  actions: []
}

/** @type {Notice} */
export const SIGN_IN_FAILED = {
  text: 'We could not sign you in to the chat.',
  urgent: true,
  actions: [{ label: 'Try again', name: 'getTokens' }]
}

/** @type {Notice} */
export const SIGN_IN_UNAVAILABLE = {
  text: 'Sign-in did not start. Please try again, or reload the page.',
  urgent: true,
  actions: []
}

/** @type {Notice} */
export const HISTORY_FAILED = {
  text: 'Earlier messages could not be loaded.',
  urgent: true,
  actions: [{ label: 'Load messages', name: 'history' }]
}

/** @type {Notice} */
export const STEP_UP_FAILED = {
  text: 'You could not be signed in. Try again, or go on without signing in.',
  urgent: true,
  actions: []
}

/** @type {Notice} */
export const SIGNED_OUT = {
  text: 'You have signed out of this chat.',
  urgent: false,
  actions: [newChat]
}

/** @type {Notice} */
export const ENDED = { text: 'The conversation has ended. Write to us to begin again.', urgent: false, actions: [] }

/** @type {Notice} */
export const CLEARED = { text: 'The conversation has been cleared.', urgent: true, actions: [newChat] }

/** @type {Notice} */
export const CLOSED = { text: 'This chat has been closed.', urgent: false, actions: [newChat] }

/** @type {Notice} */
export const CLEAR_FAILED = { text: 'The conversation could not be cleared. Please try again.', urgent: true, actions: [] }

/**
 * @param {number} left Milliseconds.
 * @returns {Notice}
 */
export function expiresSoon (left) {
  const minutes = Math.round(left / 60_000)
  const when = minutes < 1 ? 'in less than a minute' : `in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
  return { text: `This chat ends ${when} unless you write something.`, urgent: false, actions: [] }
}

/**
 * Why a message was not sent.
 * @param {MessagingError} error
 */
export function notSentBecause ({ code }) {
  if (code === 4011) return 'Not sent: too long'
  if (code === 429 || code === 4029) return 'Not sent: too many messages at once'
  return 'Not sent'
}
