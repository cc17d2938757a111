/** @import { Conversation, Message } from './desk-api-types.js' */

/** The conversations that the page knows, and what of them was not read yet. */
export class KnownConversations {
  /** @type {Map<string, Conversation>} */
  #known = new Map()
  /** @type {Map<string, number>} */
  #unread = new Map()
  /** @type {Set<string> | undefined} */
  #changedMeanwhile

  /** @param {string} id */
  get (id) {
    return this.#known.get(id)
  }

  /** @param {Conversation} conversation */
  put (conversation) {
    this.#changedMeanwhile?.add(conversation.conversationId)
    return this.#merge(conversation)
  }

  /** From here to `load`, what is put is newer than what is loaded. */
  expectLoad () {
    this.#changedMeanwhile = new Set()
  }

  /**
   * @param {Conversation[]} conversations
   * @param {boolean} anew whether what is not among them is not there any more
   */
  load (conversations, anew) {
    const changedMeanwhile = this.#changedMeanwhile
    if (anew) {
      const ids = new Set(conversations.map(({ conversationId }) => conversationId))
      for (const id of this.#known.keys()) if (!ids.has(id) && !changedMeanwhile?.has(id)) this.#known.delete(id)
    }
    for (const conversation of conversations) {
      const { conversationId, lastMessage } = conversation
      const before = this.#known.get(conversationId)
      if (before && lastMessage && lastMessage.direction === 'Inbound' && before.lastMessage?.id !== lastMessage.id) {
        this.#unread.set(conversationId, Math.max(1, this.unreadOf(conversationId)))
      }
      this.#merge(before && changedMeanwhile?.has(conversationId) ? { ...before, ...lastMessage && { lastMessage } } : conversation)
    }
    this.#changedMeanwhile = undefined
  }

  /** @param {string} id */
  delete (id) {
    this.#known.delete(id)
    this.#unread.delete(id)
  }

  /** @param {string} id */
  countUnread (id) {
    this.#unread.set(id, this.unreadOf(id) + 1)
  }

  /** @param {string} id */
  markRead (id) {
    this.#unread.delete(id)
  }

  /** @param {string} id */
  unreadOf (id) {
    return this.#unread.get(id) ?? 0
  }

  totalUnread () {
    return [...this.#unread.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Those with the latest message first. */
  sorted () {
    return [...this.#known.values()].sort((a, b) => b.lastActive.localeCompare(a.lastActive))
  }

  /** @param {Conversation} conversation */
  #merge (conversation) {
    const { conversationId, lastMessage } = conversation
    const last = later(this.#known.get(conversationId)?.lastMessage, lastMessage)
    const merged = { ...conversation, ...last && { lastMessage: last } }
    if (last && last.channel.time > merged.lastActive) merged.lastActive = last.channel.time
    this.#known.set(conversationId, merged)
    return merged
  }
}

/**
 * @param {Message | undefined} one
 * @param {Message | undefined} other
 */
function later (one, other) {
  if (!one || !other) return one ?? other
  return one.channel.time > other.channel.time ? one : other
}
