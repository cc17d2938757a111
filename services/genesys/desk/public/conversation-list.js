import { avatar, presenceOf, verifiedBadge } from './badges.js'
import { nameOf, previewOf, shortMomentOf } from './formats.js'
import { element } from './elements.js'

/** @import { Conversation } from './desk-api-types.js' */

/** The list of conversations. */
export class ConversationList {
  #list
  #choose
  /** @type {Map<string, HTMLLIElement>} */
  #items = new Map()

  /**
   * @param {HTMLElement} list
   * @param {(conversationId: string) => void} choose
   */
  constructor (list, choose) {
    this.#list = list
    this.#choose = choose
  }

  /** @param {string} id */
  focus (id) {
    // It is there once the list is, which on a small screen takes the place of the conversation.
    window.addEventListener('hashchange', () => this.#items.get(id)?.querySelector('button')?.focus(), { once: true })
  }

  /**
   * @param {Conversation[]} conversations in the order in which to show them
   * @param {(conversationId: string) => number} unreadOf
   * @param {string | undefined} chosen
   */
  show (conversations, unreadOf, chosen) {
    const list = this.#list
    const focused = document.activeElement
    const ids = new Set(conversations.map(({ conversationId }) => conversationId))
    for (const [id, item] of this.#items) {
      if (ids.has(id)) continue
      item.remove()
      this.#items.delete(id)
    }
    for (const [index, conversation] of conversations.entries()) {
      const item = this.#itemOf(conversation)
      const button = /** @type {HTMLButtonElement} */ (item.firstElementChild)
      fill(button, conversation, unreadOf(conversation.conversationId))
      if (conversation.conversationId === chosen) button.setAttribute('aria-current', 'true')
      else button.removeAttribute('aria-current')
      // Moved only where it has to be: a move takes the focus away.
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null)
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) focused.focus()
  }

  /** @param {Conversation} conversation */
  #itemOf ({ conversationId }) {
    const present = this.#items.get(conversationId)
    if (present) return present
    const button = element('button', { type: 'button', class: 'choice' })
    button.addEventListener('click', () => this.#choose(conversationId))
    const item = element('li', {}, button)
    this.#items.set(conversationId, item)
    return item
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {Conversation} conversation
 * @param {number} unread
 */
function fill (button, conversation, unread) {
  const { lastMessage, lastActive, agent } = conversation
  const name = element('bdi', { class: 'name' }, nameOf(conversation))
  const about = element('span', { class: 'marks' },
    verifiedBadge(conversation),
    element('span', { class: 'presence' }, presenceOf(conversation)),
    ...agent ? [element('span', { class: 'badge agent', dir: 'auto' }, agent.name)] : [])
  const count = element('span', { class: 'unread' }, String(unread), element('span', { class: 'visually-hidden' }, ' unread'))
  count.hidden = unread === 0
  button.replaceChildren(
    avatar(conversation),
    name,
    element('time', { class: 'when', datetime: lastActive }, shortMomentOf(lastActive)),
    element('span', { class: 'about' },
      element('span', { class: 'preview', dir: 'auto' }, previewOf(lastMessage) || 'Nothing was said yet'),
      count,
      about)
  )
}
