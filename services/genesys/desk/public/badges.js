import { hueOf, initialsOf, nameOf } from './formats.js'
import { element, icon } from './elements.js'

/** @import { Conversation } from './desk-api-types.js' */

/** @param {Conversation} conversation */
export function verifiedBadge ({ verified }) {
  return verified
    ? element('span', { class: 'badge verified' }, icon('check'), 'Verified')
    : element('span', { class: 'badge unverified' }, icon('unknown'), 'Not verified')
}

/** @param {Conversation} conversation */
export function avatar (conversation) {
  const initials = conversation.verified ? initialsOf(nameOf(conversation)) : '?'
  const disc = element('span', { class: 'avatar', 'aria-hidden': 'true' }, initials)
  disc.style.setProperty('--hue', String(hueOf(conversation.guest.sub ?? conversation.conversationId)))
  if (conversation.connections > 0) disc.append(element('span', { class: 'here' }))
  return disc
}

/** @param {Conversation} conversation */
export function presenceOf ({ connections, readOnly }) {
  if (readOnly) return 'Ended'
  if (connections === 0) return 'Away'
  return connections === 1 ? 'Here now' : `Here now, in ${connections} windows`
}
