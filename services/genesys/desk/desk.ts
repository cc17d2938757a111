import type { Agent } from '../agent/agent.ts'
import { refusedUploadStatus } from '../attachments/attachment-uploads.ts'
import type { Attachments } from '../attachments/attachments.ts'
import type { Connections } from '../conversations/connections.ts'
import type { Conversations } from '../conversations/conversations.ts'
import type { Deployment } from '../deployments.ts'
import { PlatformError } from '../errors.ts'
import { GuestError } from '../guest/frames.ts'
import type { GuestSession, Sessions } from '../conversations/sessions.ts'
import { outbound, type Content } from '../conversations/structured-message.ts'
import { describe, type ConversationSummary } from './conversation-summary.ts'

/** What the desk works with. */
export interface DeskParts {
  sessions: Sessions
  conversations: Conversations
  connections: Connections
  attachments: Attachments
  agent: Agent
  deployments: Deployment[]
}

/** A button under a message; choosing it sends `payload` back, or else the text. */
export interface QuickReply {
  text: string
  payload?: string | undefined
}

/** A file that the agent sends. */
type AgentFile = Parameters<Attachments['keep']>[1]

const typingMs = 5_000

/** What a person does at the desk, in the place of Genesys' agent side. Everything is done in the name they give. */
export function createDesk ({ sessions, conversations, connections, attachments, agent, deployments }: DeskParts) {
  const summaryOf = (session: GuestSession) =>
    describe(session, { connections: connections.ofSession(session.key).length, script: agent.enabled })

  async function find (conversationId: string): Promise<GuestSession> {
    const session = await sessions.ofConversation(conversationId)
    if (session) return session
    throw isOver()
  }

  async function findWritable (conversationId: string): Promise<GuestSession> {
    const session = await find(conversationId)
    if (session.readOnly) throw new PlatformError(409, { message: 'This conversation has ended: it can only be read.' })
    return session
  }

  /** The conversation, where the person of this name has taken it. */
  async function findTaken (conversationId: string, name: string): Promise<GuestSession> {
    const session = await findWritable(conversationId)
    if (!session.agent) throw new PlatformError(409, { message: 'Take the conversation first.' })
    if (session.agent.name !== name) throw takenBy(session.agent.name)
    return session
  }

  async function post (session: GuestSession, name: string, content: Content, metadata?: Record<string, string>) {
    try {
      const posted = await conversations.post(session, outbound(content, { nickname: name, firstName: name }, 'Human', metadata))
      // It comes back with URLs of the guest.
      return await attachments.withUrls(posted)
    } catch (error) {
      throw error instanceof GuestError ? isOver() : error
    }
  }

  let turn: Promise<unknown> = Promise.resolve()

  /** Of two people who take a conversation at the same moment, one gets it. */
  function inTurn<T> (act: () => Promise<T>): Promise<T> {
    const result = turn.then(act)
    turn = result.catch(() => { /* whoever has asked is told */ })
    return result
  }

  return {
    summaryOf,

    /** A page of the conversations, those that began last first. */
    async list (pageNumber: number, pageSize: number) {
      const offset = (pageNumber - 1) * pageSize
      const recent = await sessions.recent({ limit: pageSize + 1, offset })
      const entities = await Promise.all(recent.slice(0, pageSize).map(async session => {
        const { entities: [last] } = await conversations.history(session.conversationId, 1, 1)
        return { ...summaryOf(session), ...last && { lastMessage: last } }
      }))
      return { entities, pageNumber, pageSize, more: recent.length > pageSize }
    },

    /** A conversation and a page of what was said in it, newest first. */
    async open (conversationId: string, pageNumber: number, pageSize: number) {
      const session = await find(conversationId)
      return { ...summaryOf(session), messages: await conversations.history(conversationId, pageNumber, pageSize) }
    },

    /** @param takeOver also from another person */
    take: (conversationId: string, name: string, takeOver: boolean): Promise<ConversationSummary> => inTurn(async () => {
      const session = await findWritable(conversationId)
      const before = session.agent
      if (before && before.name !== name && !takeOver) throw takenBy(before.name)
      const taken = await sessions.assign(session, { name })
      if (!before) await agent.handOver(taken, name)
      return summaryOf(taken)
    }),

    /** The script goes on. */
    release: (conversationId: string, name: string): Promise<ConversationSummary> => inTurn(async () => {
      const released = await sessions.assign(await findTaken(conversationId, name), undefined)
      await agent.comeBack(released)
      return summaryOf(released)
    }),

    async say (conversationId: string, name: string, text: string, quickReplies: QuickReply[] = []) {
      const session = await findTaken(conversationId, name)
      if (quickReplies.length === 0) return await post(session, name, { type: 'Text', text })
      return await post(session, name, {
        type: 'Structured',
        text,
        content: quickReplies.map(({ text, payload = text }) => ({
          contentType: 'QuickReply', quickReply: { text, payload, action: 'Message' }
        }))
      })
    },

    async showTyping (conversationId: string, name: string, on: boolean): Promise<void> {
      const session = await findTaken(conversationId, name)
      const { showAgentTypingIndicator } = deploymentOf(session).messenger.apps.conversations
      if (!showAgentTypingIndicator) return
      const typing = on ? { type: 'On' as const, duration: typingMs } : { type: 'Off' as const }
      await post(session, name, { type: 'Event', events: [{ eventType: 'Typing', typing }] })
    },

    /** The agent leaves. Whether the guest can go on writing, to the script then, is the deployment's to say. */
    disconnect: (conversationId: string, name: string): Promise<void> => inTurn(async () => {
      const session = await findTaken(conversationId, name)
      const { enabled, type } = deploymentOf(session).messenger.apps.conversations.conversationDisconnect
      const readOnly = enabled && type === 'ReadOnly'
      const left = await sessions.assign(session, undefined)
      const ended = readOnly ? await sessions.makeReadOnly(left) : left
      const farewell: Content = { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] }
      await post(ended, name, farewell, readOnly ? { readOnly: 'true' } : undefined)
    }),

    async attach (conversationId: string, name: string, file: AgentFile) {
      const session = await findTaken(conversationId, name)
      const content = await attachments.keep(session, file).catch((error: unknown) => { throw refusalOf(error) })
      return await post(session, name, { type: 'Text', content: [content] })
    }
  }

  function deploymentOf ({ deploymentId }: GuestSession): Deployment {
    const deployment = deployments.find(({ id }) => id === deploymentId)
    if (!deployment) throw new PlatformError(409, { message: 'The deployment of this conversation is not there any more.' })
    return deployment
  }
}

export type Desk = ReturnType<typeof createDesk>

/** A file is checked as a guest's is, and what is wrong with it is said in the same words. */
function refusalOf (error: unknown) {
  if (!(error instanceof GuestError)) return error
  const status = refusedUploadStatus(error)
  return new PlatformError(status, { message: error.message, reason: `the file was refused with ${error.code}`, cause: error })
}

const takenBy = (name: string) => new PlatformError(409, { message: `${name} has taken this conversation.` })

const isOver = () =>
  new PlatformError(404, { message: 'This conversation is over: the guest has cleared it, or it has expired.' })
