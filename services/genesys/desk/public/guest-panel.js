import { avatar, presenceOf, verifiedBadge } from './badges.js'
import { momentOf, nameOf, timeOf } from './descriptions.js'
import { element, iconButton } from './elements.js'

/** @import { Conversation } from './types.js' */

/**
 * Who the guest is, and how we know.
 * @param {HTMLElement} panel
 * @param {() => void} close where the panel lies over the conversation
 */
export function createGuestPanel (panel, close) {
  const about = element('div')
  panel.append(
    element('header', {}, element('h2', { id: 'guest-heading' }, 'Guest'), iconButton('Close guest details', 'close', close)),
    about)
  return {
    /** @param {Conversation} conversation */
    show: conversation => about.replaceChildren(...factsAbout(conversation))
  }
}

/** @param {Conversation} conversation */
function factsAbout (conversation) {
  const { guest, verified, startedAt, readOnly, agent, scripted, conversationId, deploymentId } = conversation
  return [
    element('div', { class: 'who' },
      avatar(conversation), element('bdi', { class: 'name' }, nameOf(conversation)), verifiedBadge(conversation)),
    element('p', { class: verified ? 'proof' : 'proof none' }, ...proofOf(conversation)),
    element('dl', {},
      ...fact('E-mail', guest.email, guest.email === undefined ? undefined : emailMark(guest.email_verified)),
      ...fact('Subject (sub)', guest.sub),
      ...fact('Presence', presenceOf(conversation)),
      ...fact('Began', momentOf(startedAt)),
      ...fact('Answered by', readOnly ? undefined : agent?.name ?? (scripted ? 'Robin, the script' : 'Nobody yet')),
      ...fact('Conversation', conversationId),
      ...fact('Deployment', deploymentId))
  ]
}

/** @param {Conversation} conversation */
function proofOf ({ verified, startedAt }) {
  if (!verified) return ['Not signed in. Whatever this guest says about who they are is not verified.']
  const during = verified.since > startedAt
  return [
    'Verified by ', element('strong', {}, verified.iss), ' since ',
    element('time', { datetime: verified.since }, momentOf(verified.since)), '.',
    ...during ? [` Signed in during this conversation, which began at ${timeOf(startedAt)}.`] : []
  ]
}

/** @param {boolean | undefined} confirmed */
const emailMark = confirmed => confirmed
  ? element('span', { class: 'badge verified' }, 'Verified')
  : element('span', { class: 'badge unverified' }, 'Not verified')

/**
 * @param {string} term
 * @param {string | undefined} value
 * @param {Node} [mark]
 */
function fact (term, value, mark) {
  if (value === undefined) return []
  return [element('div', {}, element('dt', {}, term), element('dd', {}, element('bdi', {}, value), ...mark ? [' ', mark] : []))]
}
