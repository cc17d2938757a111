/** @import { Conversation, Message } from './desk-api-types.js' */

const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })
const date = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })
const shortDate = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** @param {Conversation} conversation */
export function nameOf ({ guest, verified }) {
  return guest.name ?? guest.email ?? (verified ? guest.sub : undefined) ?? 'Anonymous guest'
}

/** @param {Message} message */
export function authorOf ({ direction, channel }) {
  return direction === 'Inbound' ? undefined : channel.from?.nickname ?? channel.from?.firstName ?? 'Agent'
}

/**
 * A message on one line.
 * @param {Message | undefined} message
 */
export function previewOf (message) {
  if (!message) return ''
  const author = authorOf(message)
  const attached = (message.content ?? []).flatMap(part => part.contentType === 'Attachment' ? part.attachment.filename : [])
  const said = message.text || attached.join(', ')
  return author === undefined ? said : `${author}: ${said}`
}

/** @param {string} name */
export function initialsOf (name) {
  const [first, ...others] = name.trim().split(/\s+/).map(word => [...word][0] ?? '')
  return `${first}${others.at(-1) ?? ''}`.toUpperCase()
}

/**
 * A hue for a guest, always the same.
 * @param {string} id
 */
export const hueOf = id => [...id].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 360, 7)

/** @param {string} iso */
export const timeOf = iso => time.format(new Date(iso))

/** @param {string} iso */
export const momentOf = iso => moment.format(new Date(iso))

/** @param {string} iso */
export function dayOf (iso) {
  const day = new Date(iso).toDateString()
  if (day === new Date().toDateString()) return 'Today'
  return date.format(new Date(iso))
}

/**
 * The time of today, the day of other days.
 * @param {string} iso
 */
export const shortMomentOf = iso => dayOf(iso) === 'Today' ? timeOf(iso) : shortDate.format(new Date(iso))

/** @param {number} bytes */
export function sizeOf (bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
