/** @import { Conversation, Message } from './types.js' */

const patience = 3_000

/**
 * What happens in the conversations, as it happens.
 * @param {object} on
 * @param {() => void} on.ready connected, at first or anew: what was before is to be loaded
 * @param {() => void} on.lost
 * @param {(conversation: Conversation) => void} on.conversation
 * @param {(happening: { conversationId: string, message: Message }) => void} on.message
 * @param {(happening: { conversationId: string, connections: number }) => void} on.presence
 * @param {(happening: { conversationId: string }) => void} on.ended
 */
export function watch (on) {
  const source = new EventSource(new URL('events', import.meta.url))
  /**
   * @template Happening
   * @param {string} name
   * @param {(happening: Happening) => void} act
   */
  const listen = (name, act) => source.addEventListener(name, event => act(/** @type {Happening} */ (JSON.parse(event.data))))
  listen('ready', on.ready)
  listen('conversation', on.conversation)
  listen('message', on.message)
  listen('presence', on.presence)
  listen('ended', on.ended)
  source.onerror = () => {
    on.lost()
    // It connects again by itself, unless the answer was no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => watch(on), patience)
  }
}
