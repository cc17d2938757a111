/** @import { Message } from '../types.js' */

const minGapMs = 1_000

// What comes when a person has typed or chosen.
const byPeople = new Set(['sign_in', 'select_account', 'second_factor', 'consent', 'end_session_confirm', 'onMessage'])

/**
 * The time in which nothing goes over the wire, where that is long, in words.
 * @param {Message | undefined} message
 * @param {Message | undefined} before
 */
export function gapBefore (message, before) {
  if (!message || !before) return undefined
  const milliseconds = message.at - Math.max(before.end, before.at)
  if (milliseconds < minGapMs) return undefined
  return byPeople.has(message.endpoint) ? `${spanOf(milliseconds)}: a person types` : spanOf(milliseconds)
}

/** @param {number} milliseconds */
function spanOf (milliseconds) {
  const seconds = Math.round(milliseconds / 1_000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}
