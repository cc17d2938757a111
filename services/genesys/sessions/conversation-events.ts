import { EventEmitter } from 'node:events'
import type { Signals, Store } from '#lib/store/store.ts'
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

const channel = 'conversation-events'

/** Publish and subscribe: what happens in the conversations, for those who look on, at whichever replica. The desk's event stream does. */
export class ConversationEvents {
  readonly #emitter = new EventEmitter<{ event: [ConversationEvent], missed: [] }>().setMaxListeners(0)
  readonly #signals: Signals | undefined
  #unsubscribe = () => {}

  static async open (store: Store): Promise<ConversationEvents> {
    const events = new ConversationEvents(store)
    if (!store.isShared) return events
    const hear = (event: ConversationEvent) => { events.#emitter.emit('event', event) }
    events.#unsubscribe = await store.signals.subscribe(channel, hear, { onResubscribed: () => events.#emitter.emit('missed') })
    return events
  }

  private constructor (store: Store) {
    this.#signals = store.isShared ? store.signals : undefined
  }

  publish (event: ConversationEvent): void {
    if (!this.#signals) this.#emitter.emit('event', event)
    // What cannot be published now is read by who subscribes again.
    else this.#signals.publish(channel, event).catch(() => {})
  }

  stop (): void {
    this.#unsubscribe()
  }

  /** How many look on. */
  get subscribers (): number {
    return this.#emitter.listenerCount('event')
  }

  /**
   * @param onMissed called where events may have been missed
   * @returns ends the subscription
   */
  subscribe (listener: (event: ConversationEvent) => void, onMissed: () => void): () => void {
    this.#emitter.on('event', listener).on('missed', onMissed)
    return () => { this.#emitter.off('event', listener).off('missed', onMissed) }
  }
}
