/** @import { Conversation, Message } from './types.js' */

/** The conversations that the page knows, and what of them was not read yet. */
export function createConversations () {
  /** @type {Map<string, Conversation>} */
  const known = new Map()
  /** @type {Map<string, number>} */
  const unread = new Map()
  /** @type {Set<string> | undefined} */
  let changedMeanwhile

  /** @param {Conversation} conversation */
  function put (conversation) {
    const { conversationId, lastMessage } = conversation
    const before = known.get(conversationId)
    const last = later(before?.lastMessage, lastMessage)
    const merged = { ...conversation, ...last && { lastMessage: last } }
    if (last && last.channel.time > merged.lastActive) merged.lastActive = last.channel.time
    known.set(conversationId, merged)
    return merged
  }

  return {
    /** @param {string} id */
    get: id => known.get(id),

    put (/** @type {Conversation} */ conversation) {
      changedMeanwhile?.add(conversation.conversationId)
      return put(conversation)
    },

    /** From here to `load`, what is put is newer than what is loaded. */
    expectLoad () {
      changedMeanwhile = new Set()
    },

    /**
     * @param {Conversation[]} conversations
     * @param {boolean} anew whether what is not among them is not there any more
     */
    load (conversations, anew) {
      if (anew) {
        const ids = new Set(conversations.map(({ conversationId }) => conversationId))
        for (const id of known.keys()) if (!ids.has(id) && !changedMeanwhile?.has(id)) known.delete(id)
      }
      for (const conversation of conversations) {
        const { conversationId, lastMessage } = conversation
        const before = known.get(conversationId)
        if (before && lastMessage && lastMessage.direction === 'Inbound' && before.lastMessage?.id !== lastMessage.id) {
          unread.set(conversationId, Math.max(1, unread.get(conversationId) ?? 0))
        }
        put(before && changedMeanwhile?.has(conversationId) ? { ...before, ...lastMessage && { lastMessage } } : conversation)
      }
      changedMeanwhile = undefined
    },

    /** @param {string} id */
    delete (id) {
      known.delete(id)
      unread.delete(id)
    },

    /** @param {string} id */
    countUnread: id => unread.set(id, (unread.get(id) ?? 0) + 1),
    /** @param {string} id */
    markRead: id => unread.delete(id),
    /** @param {string} id */
    unreadOf: id => unread.get(id) ?? 0,
    totalUnread: () => [...unread.values()].reduce((sum, count) => sum + count, 0),

    /** Those with the latest message first. */
    sorted: () => [...known.values()].sort((a, b) => b.lastActive.localeCompare(a.lastActive))
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
