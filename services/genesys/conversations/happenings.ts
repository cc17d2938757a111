import { EventEmitter } from 'node:events'
import type { GuestSession } from './sessions.ts'
import type { StructuredMessage } from './structured-message.ts'

/** Something that a person at the desk wants to see at once. */
export type Happening =
  /** a session has begun or has changed: who it is, who answers, whether it is read-only */
  | { type: 'session', session: GuestSession }
  /** somebody has written, typed, joined or left */
  | { type: 'message', session: GuestSession, message: StructuredMessage }
  /** a socket was opened or closed; so many are open now */
  | { type: 'presence', conversationId: string, connections: number }
  /** the conversation is over, cleared or expired */
  | { type: 'ended', conversationId: string }

/** What happens in the conversations, for those who look on. */
export function createHappenings () {
  const emitter = new EventEmitter<{ happening: [Happening] }>().setMaxListeners(0)
  return {
    publish (happening: Happening) {
      emitter.emit('happening', happening)
    },

    /** @returns ends the subscription */
    subscribe (listener: (happening: Happening) => void): () => void {
      emitter.on('happening', listener)
      return () => { emitter.off('happening', listener) }
    }
  }
}

export type Happenings = ReturnType<typeof createHappenings>
