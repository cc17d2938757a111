import type { Logger } from '#lib/http-server.ts'
import type { Attachments } from '../attachments/attachments.ts'
import type { Connections } from './connections.ts'
import type { Conversations } from './conversations.ts'
import { sessionExpired } from '../guest/frames.ts'
import type { Happenings } from './happenings.ts'
import type { Sessions } from './sessions.ts'

const interval = 250

/**
 * Tells guests whose session expires while they are there. They would learn it from their next health check; that they
 * are told at once is our choice.
 *
 * @returns ends it
 */
export function watchExpiry ({ sessions, connections, conversations, attachments, happenings, log }: {
  sessions: Sessions
  connections: Connections
  conversations: Conversations
  attachments: Attachments
  happenings: Happenings
  log: Logger
}): () => void {
  async function expire (key: string) {
    const alive = await sessions.find(key)
    // Another replica may have heard from the guest.
    if (alive) return connections.expect(alive)
    const [connection] = connections.ofSession(key)
    const conversationId = connection?.configured?.conversationId
    for (const each of connections.expire(key)) each.send(sessionExpired)
    if (conversationId === undefined) return
    await Promise.all([conversations.forget(conversationId), attachments.forget(conversationId)])
    happenings.publish({ type: 'ended', conversationId })
  }

  const timer = setInterval(() => {
    for (const key of connections.due(Date.now())) {
      expire(key).catch(err => log.error({ err }, 'a session could not be expired'))
    }
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}
