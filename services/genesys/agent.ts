import type { Logger } from '#lib/http-server.ts'
import { answerTo, greeting } from './agent-script.ts'
import type { Conversations } from './conversations.ts'
import type { Deployment } from './deployments.ts'
import type { GuestSession, Sessions } from './sessions.ts'
import { outbound, type Content } from './structured-message.ts'

const robin = { nickname: 'Robin', firstName: 'Robin' }

/** The scripted agent at the other end, in place of a bot flow and the people behind it. */
export function createAgent ({ sessions, conversations, delayMs, log }: {
  sessions: Sessions
  conversations: Conversations
  delayMs: number
  log: Logger
}) {
  const pending = new Set<ReturnType<typeof setTimeout>>()

  const post = (session: GuestSession, content: Content) => conversations.post(session, outbound(content, robin, 'Bot'))

  async function say (session: GuestSession, deployment: Deployment, text: string) {
    if (deployment.messenger.apps.conversations.showAgentTypingIndicator) {
      await post(session, { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] })
    }
    const timer = setTimeout(async () => {
      pending.delete(timer)
      try {
        const now = await sessions.find(session.key)
        if (now?.conversationId === session.conversationId && !now.readOnly) await post(now, { type: 'Text', text })
      } catch (err) {
        log.error({ err }, 'the agent could not answer')
      }
    }, delayMs)
    pending.add(timer)
  }

  return {
    /** The guest has joined the conversation; only the first time is worth a greeting. */
    async greet (session: GuestSession, deployment: Deployment): Promise<void> {
      if (await sessions.join(session)) await say(session, deployment, greeting(session.identity))
    },

    /** The guest has written something. */
    answer: (session: GuestSession, deployment: Deployment, text: string): Promise<void> =>
      say(session, deployment, answerTo(text, session.identity)),

    stop () {
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
    }
  }
}

export type Agent = ReturnType<typeof createAgent>
