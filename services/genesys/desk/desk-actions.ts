import type { createSerialQueues } from '#lib/concurrency/serial-queue.ts'
import type { ScriptedAgent } from '../agent/scripted-agent.ts'
import type { AttachmentStore } from '../attachments/attachment-store.ts'
import { refusedUploadStatus } from '../attachments/upload-receiver.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import { outbound } from '../conversations/compose-message.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { findDeployment } from '../deployments/lookup.ts'
import type { VisitorJourneyStore } from '../visitor-journeys/visitor-journey-store.ts'
import { GuestError } from '../protocol/guest-errors.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { Content, StructuredMessage } from '../protocol/structured-message.ts'
import type { Connections } from '../sessions/connections.ts'
import type { GuestSession } from '../sessions/guest-session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { describe, type ConversationSummary } from './conversation-summary.ts'

/** What the desk works with. */
export interface DeskParts {
  sessions: SessionStore
  conversations: ConversationStore
  visitorJourneys: VisitorJourneyStore
  connections: Connections
  attachments: AttachmentStore
  agent: ScriptedAgent
  deployments: Deployment[]
  inTurn: ReturnType<typeof createSerialQueues>
}

/** A button under a message; choosing it sends `payload` back, or else the text. */
export interface QuickReply {
  text: string
  payload?: string | undefined
}

/** What an agent asks the guest to choose from. */
export interface ListToChooseFrom {
  options: string[]
  multipleSelection: boolean
}

/** A file that the agent sends. */
type AgentFile = Parameters<AttachmentStore['keep']>[1]

const typingMs = 5_000

/** What a person does at the desk, in the place of Genesys' agent side. Everything is done in the name they give. */
export class DeskActions {
  readonly #sessions: SessionStore
  readonly #conversations: ConversationStore
  readonly #visitorJourneys: VisitorJourneyStore
  readonly #connections: Connections
  readonly #attachments: AttachmentStore
  readonly #agent: ScriptedAgent
  readonly #deployments: Deployment[]
  // Of two people who take a conversation at the same moment, one gets it.
  readonly #inTurn: DeskParts['inTurn']

  constructor ({ sessions, conversations, visitorJourneys, connections, attachments, agent, deployments, inTurn }: DeskParts) {
    this.#sessions = sessions
    this.#conversations = conversations
    this.#visitorJourneys = visitorJourneys
    this.#connections = connections
    this.#attachments = attachments
    this.#agent = agent
    this.#deployments = deployments
    this.#inTurn = inTurn
  }

  /** What the desk's list shows of a session. */
  summaryOf (session: GuestSession): ConversationSummary {
    return describe(session, { connections: this.#connections.countOf(session.key), script: this.#agent.enabled })
  }

  /** A page of the conversations, those that began last first. */
  async list (pageNumber: number, pageSize: number) {
    const offset = (pageNumber - 1) * pageSize
    const recent = await this.#sessions.recent({ limit: pageSize + 1, offset })
    const entities = await Promise.all(recent.slice(0, pageSize).map(async session => {
      const last = await this.#conversations.last(session.conversationId)
      return { ...this.summaryOf(session), ...last && { lastMessage: last } }
    }))
    return { entities, pageNumber, pageSize, more: recent.length > pageSize }
  }

  /** A conversation and a page of what was said in it, newest first. */
  async open (conversationId: string, pageNumber: number, pageSize: number) {
    const session = await this.#find(conversationId)
    return { ...this.summaryOf(session), messages: await this.#conversations.history(conversationId, pageNumber, pageSize) }
  }

  /** One message, where a page of them leaves out what it refers to. */
  async message (conversationId: string, messageId: string): Promise<StructuredMessage> {
    await this.#find(conversationId)
    const message = await this.#conversations.find(conversationId, messageId)
    if (!message) throw new PlatformError(404, { message: 'There is no such message, or it was said too long ago.' })
    return await this.#attachments.withUrls(message)
  }

  /** Where the guest has been on the brand's pages, newest first, and what they have told there. */
  async journey (conversationId: string) {
    return await this.#visitorJourneys.of(await this.#find(conversationId))
  }

  /** @param takeOver also from another person */
  async take (conversationId: string, name: string, takeOver: boolean): Promise<ConversationSummary> {
    return await this.#inTurn(`desk ${conversationId}`, async () => {
      const session = await this.#findWritable(conversationId)
      const before = session.agent
      if (before && before.name !== name && !takeOver) throw takenBy(before.name)
      const taken = await this.#sessions.assign(session, { name })
      if (!before) await this.#agent.handOver(taken, name)
      return this.summaryOf(taken)
    })
  }

  /** The script goes on. */
  async release (conversationId: string, name: string): Promise<ConversationSummary> {
    return await this.#inTurn(`desk ${conversationId}`, async () => {
      const released = await this.#sessions.assign(await this.#findTaken(conversationId, name), undefined)
      await this.#agent.comeBack(released)
      return this.summaryOf(released)
    })
  }

  /** What lies ready to be sent, by its id. */
  readyMessages () {
    return this.#agent.readyMessages.map(({ id, label, kind }) => ({ id, label, kind }))
  }

  async sendReady (conversationId: string, name: string, id: string): Promise<StructuredMessage> {
    const ready = this.#agent.readyMessages.find(message => message.id === id)
    if (!ready) throw new PlatformError(404, { message: 'There is no such ready message.' })
    return await this.#post(await this.#findTaken(conversationId, name), name, ready.contentAt(new Date()))
  }

  /** @param text the question above the list */
  async offerList (
    conversationId: string, name: string, text: string, { options, multipleSelection }: ListToChooseFrom
  ): Promise<StructuredMessage> {
    const session = await this.#findTaken(conversationId, name)
    const items = options.map((title, index) => ({ id: `option-${index + 1}`, title }))
    return await this.#post(session, name, {
      type: 'Structured',
      text,
      content: [{
        contentType: 'ListPicker',
        listPicker: { receivedMessage: { title: text, buttonLabel: 'Choose' }, sections: [{ multipleSelection, items }] }
      }]
    })
  }

  async say (conversationId: string, name: string, text: string, quickReplies: QuickReply[] = []): Promise<StructuredMessage> {
    const session = await this.#findTaken(conversationId, name)
    if (quickReplies.length === 0) return await this.#post(session, name, { type: 'Text', text })
    return await this.#post(session, name, {
      type: 'Structured',
      text,
      content: quickReplies.map(({ text, payload = text }) => ({
        contentType: 'QuickReply', quickReply: { text, payload, action: 'Message' }
      }))
    })
  }

  async showTyping (conversationId: string, name: string, on: boolean): Promise<void> {
    const session = await this.#findTaken(conversationId, name)
    const { showAgentTypingIndicator } = this.#deploymentOf(session).messenger.apps.conversations
    if (!showAgentTypingIndicator) return
    const typing = on ? { type: 'On' as const, duration: typingMs } : { type: 'Off' as const }
    await this.#post(session, name, { type: 'Event', events: [{ eventType: 'Typing', typing }] })
  }

  /** The agent leaves. Whether the guest can go on writing, to the script then, is the deployment's to say. */
  async disconnect (conversationId: string, name: string): Promise<void> {
    await this.#inTurn(`desk ${conversationId}`, async () => {
      const session = await this.#findTaken(conversationId, name)
      const { enabled, type } = this.#deploymentOf(session).messenger.apps.conversations.conversationDisconnect
      const readOnly = enabled && type === 'ReadOnly'
      const left = await this.#sessions.assign(session, undefined)
      const ended = readOnly ? await this.#sessions.makeReadOnly(left) : left
      const farewell: Content = { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] }
      await this.#post(ended, name, farewell, readOnly ? { readOnly: 'true' } : undefined)
    })
  }

  async attach (conversationId: string, name: string, file: AgentFile): Promise<StructuredMessage> {
    const session = await this.#findTaken(conversationId, name)
    const content = await this.#attachments.keep(session, file).catch((error: unknown) => { throw refusalOf(error) })
    return await this.#post(session, name, { type: 'Text', content: [content] })
  }

  async #find (conversationId: string): Promise<GuestSession> {
    const session = await this.#sessions.ofConversation(conversationId)
    if (session) return session
    throw isOver()
  }

  async #findWritable (conversationId: string): Promise<GuestSession> {
    const session = await this.#find(conversationId)
    if (session.readOnly) throw new PlatformError(409, { message: 'This conversation has ended: it can only be read.' })
    return session
  }

  /** The conversation, where the person of this name has taken it. */
  async #findTaken (conversationId: string, name: string): Promise<GuestSession> {
    const session = await this.#findWritable(conversationId)
    if (!session.agent) throw new PlatformError(409, { message: 'Take the conversation first.' })
    if (session.agent.name !== name) throw takenBy(session.agent.name)
    return session
  }

  async #post (
    session: GuestSession, name: string, content: Content, metadata?: Record<string, string>
  ): Promise<StructuredMessage> {
    try {
      const message = outbound(content, { nickname: name, firstName: name }, 'Human', metadata)
      const posted = await this.#conversations.post(session, message)
      // It comes back with URLs of the guest.
      return await this.#attachments.withUrls(posted)
    } catch (error) {
      throw error instanceof GuestError ? isOver() : error
    }
  }

  #deploymentOf ({ deploymentId }: GuestSession): Deployment {
    const deployment = findDeployment(this.#deployments, deploymentId)
    if (!deployment) throw new PlatformError(409, { message: 'The deployment of this conversation is not there any more.' })
    return deployment
  }
}

/** A file is checked as a guest's is, and what is wrong with it is said in the same words. */
function refusalOf (error: unknown) {
  if (!(error instanceof GuestError)) return error
  const status = refusedUploadStatus(error)
  return new PlatformError(status, { message: error.message, reason: `the file was refused with ${error.code}`, cause: error })
}

const takenBy = (name: string) => new PlatformError(409, { message: `${name} has taken this conversation.` })

const isOver = () =>
  new PlatformError(404, { message: 'This conversation is over: the guest has cleared it, or it has expired.' })
