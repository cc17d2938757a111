import type { Logger } from '#lib/http-server.ts'
import { answerTo, comeBack, greeting, handOver } from './agent-script.ts'
import { GuestError } from '../guest/frames.ts'
import type { Conversations } from '../conversations/conversations.ts'
import type { Deployment } from '../deployments.ts'
import type { GuestSession, Sessions } from '../conversations/sessions.ts'
import { outbound, type Content, type StructuredMessage } from '../conversations/structured-message.ts'

const robin = { nickname: 'Robin', firstName: 'Robin' }

/**
 * The scripted agent at the other end, in place of a bot flow. It is silent where a person has taken the conversation.
 *
 * @param options.desk where a person can take over, if anywhere
 * @param options.enabled `false` where only persons answer
 */
export function createAgent ({ sessions, conversations, delayMs, desk, enabled = true, log }: {
  sessions: Sessions
  conversations: Conversations
  delayMs: number
  desk?: string | undefined
  enabled?: boolean
  log: Logger
}) {
  // What is about to be said, and in which conversation.
  const pending = new Map<ReturnType<typeof setTimeout>, string>()

  async function post (session: GuestSession, content: Content) {
    try {
      await conversations.post(session, outbound(content, robin, 'Bot'))
    } catch (error) {
      // The conversation has just ended, and nobody is left to hear it.
      if (!(error instanceof GuestError)) throw error
    }
  }

  async function say (session: GuestSession, deployment: Deployment, content: Content) {
    if (!enabled || !await inCharge(session)) return
    if (deployment.messenger.apps.conversations.showAgentTypingIndicator) {
      await post(session, { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] })
    }
    const timer = setTimeout(async () => {
      try {
        const now = await inCharge(session)
        // Asked last, so that nothing is said after a person was announced.
        if (pending.delete(timer) && now) await post(now, content)
      } catch (err) {
        log.error({ err }, 'the agent could not answer')
      }
    }, delayMs)
    pending.set(timer, session.conversationId)
  }

  /** The session as it is now, if this conversation is still on in it and is the script's. */
  async function inCharge ({ key, conversationId }: GuestSession) {
    const now = await sessions.find(key)
    return now?.conversationId === conversationId && !now.readOnly && !now.agent ? now : undefined
  }

  function drop (isDue: (conversationId: string) => boolean) {
    for (const [timer, conversationId] of pending) {
      if (!isDue(conversationId)) continue
      clearTimeout(timer)
      pending.delete(timer)
    }
  }

  return {
    enabled,

    /** The guest has joined the conversation; only the first time is worth a greeting. */
    async greet (session: GuestSession, deployment: Deployment): Promise<void> {
      if (await sessions.join(session)) await say(session, deployment, { type: 'Text', text: greeting(session.identity) })
    },

    /** The guest has written something, has chosen something or has sent a file. */
    answer: (session: GuestSession, deployment: Deployment, message: StructuredMessage): Promise<void> =>
      say(session, deployment, answerTo(message, { identity: session.identity, desk })),

    /** A person has taken the conversation: what was about to be said is not. */
    async handOver (session: GuestSession, name: string): Promise<void> {
      drop(conversationId => conversationId === session.conversationId)
      if (enabled) await post(session, { type: 'Text', text: handOver(name) })
    },

    /** The person has given the conversation back. */
    async comeBack (session: GuestSession): Promise<void> {
      if (enabled) await post(session, { type: 'Text', text: comeBack })
    },

    stop () {
      drop(() => true)
    }
  }
}

export type Agent = ReturnType<typeof createAgent>
