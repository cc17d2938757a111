/** @import { Conversation, Message } from './desk-api-types.js' */

const retryMs = 3_000

/**
 * What happens in the conversations, as it happens.
 * @param {object} on
 * @param {() => void} on.ready connected, at first or anew: what was before is to be loaded
 * @param {() => void} on.lost
 * @param {(conversation: Conversation) => void} on.conversation
 * @param {(event: { conversationId: string, message: Message }) => void} on.message
 * @param {(event: { conversationId: string, connections: number }) => void} on.presence
 * @param {(event: { conversationId: string }) => void} on.journey
 * @param {(event: { conversationId: string }) => void} on.ended
 */
export function watch (on) {
  const source = new EventSource(new URL('events', import.meta.url))
  /**
   * @template Data
   * @param {string} name
   * @param {(data: Data) => void} act
   */
  const listen = (name, act) => source.addEventListener(name, event => act(/** @type {Data} */ (JSON.parse(event.data))))
  listen('ready', on.ready)
  listen('conversation', on.conversation)
  listen('message', on.message)
  listen('presence', on.presence)
  listen('journey', on.journey)
  listen('ended', on.ended)
  source.onerror = () => {
    on.lost()
    // It connects again by itself, unless the answer was no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => watch(on), retryMs)
  }
}
