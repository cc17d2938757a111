import { avatar, presenceOf, verifiedBadge } from './badges.js'
import { momentOf, nameOf, timeOf } from './formats.js'
import { element, iconButton } from './elements.js'
import { VisitorJourneyPanel } from './visitor-journey-panel.js'

/** @import { Conversation } from './desk-api-types.js' */

/** Who the guest is, and how we know. */
export class GuestPanel {
  #about = element('div')
  #names = element('dl')
  #journey = new VisitorJourneyPanel()

  /**
   * @param {HTMLElement} panel
   * @param {() => void} close where the panel lies over the conversation
   */
  constructor (panel, close) {
    panel.append(
      element('header', {}, element('h2', { id: 'guest-heading' }, 'Guest'), iconButton('Close guest details', 'close', close)),
      this.#about, this.#journey.node, this.#names)
  }

  /** @param {Conversation} conversation */
  show (conversation) {
    this.#about.replaceChildren(...factsAbout(conversation))
    this.#names.replaceChildren(...fact('Conversation', conversation.conversationId), ...fact('Deployment', conversation.deploymentId))
    this.#journey.show(conversation.conversationId)
  }

  /**
   * There is news of where the guest has been.
   * @param {string} conversationId
   */
  journeyChanged (conversationId) {
    this.#journey.changed(conversationId)
  }
}

/** @param {Conversation} conversation */
function factsAbout (conversation) {
  const { guest, verified, startedAt, readOnly, agent, scripted, customAttributes } = conversation
  return [
    element('div', { class: 'who' },
      avatar(conversation), element('bdi', { class: 'name' }, nameOf(conversation)), verifiedBadge(conversation)),
    element('p', { class: verified ? 'proof' : 'proof none' }, ...proofOf(conversation)),
    element('dl', {},
      ...fact('E-mail', guest.email, guest.email === undefined ? undefined : emailMark(guest.email_verified)),
      ...fact('Subject (sub)', guest.sub),
      ...fact('Presence', presenceOf(conversation)),
      ...fact('Began', momentOf(startedAt)),
      ...fact('Answered by', readOnly ? undefined : agent?.name ?? (scripted ? 'The script' : 'Nobody yet'))),
    ...attributesIn(customAttributes)
  ]
}

/** @param {Record<string, unknown>} customAttributes */
function attributesIn (customAttributes) {
  const attributes = Object.entries(customAttributes)
  if (attributes.length === 0) return []
  return [
    element('h3', {}, 'Custom attributes'),
    element('p', { class: 'hint' }, 'What the page says of the guest. Nobody has verified it.'),
    element('dl', {}, ...attributes.flatMap(([name, value]) => fact(name, typeof value === 'string' ? value : JSON.stringify(value))))
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
