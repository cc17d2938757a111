import { EventEmitter } from 'node:events'
import type { StructuredMessage } from '../protocol/structured-message.ts'
import type { GuestSession } from './guest-session.ts'

/** Something that a person at the desk wants to see at once. */
export type ConversationEvent =
  /** a session has begun or has changed: who it is, who answers, whether it is read-only */
  | { type: 'session', session: GuestSession }
  /** somebody has written, typed, joined or left */
  | { type: 'message', session: GuestSession, message: StructuredMessage }
  /** a socket was opened or closed; so many are open now */
  | { type: 'connections', conversationId: string, connections: number }
  /** the guest has done something on a page of the brand */
  | { type: 'journey', conversationId: string }
  /** the conversation is over, cleared or expired */
  | { type: 'ended', conversationId: string }

/** Publish and subscribe: what happens in the conversations, for those who look on. The desk's event stream does. */
export class ConversationEvents {
  readonly #emitter = new EventEmitter<{ event: [ConversationEvent] }>().setMaxListeners(0)

  publish (event: ConversationEvent): void {
    this.#emitter.emit('event', event)
  }

  /** How many look on. */
  get subscribers (): number {
    return this.#emitter.listenerCount('event')
  }

  /** @returns ends the subscription */
  subscribe (listener: (event: ConversationEvent) => void): () => void {
    this.#emitter.on('event', listener)
    return () => { this.#emitter.off('event', listener) }
  }
}
