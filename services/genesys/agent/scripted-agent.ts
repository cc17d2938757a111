import type { ShownBrand } from '#lib/brand/shown-brand.ts'
import type { Logger } from '#lib/server/http-server.ts'
import type { Store } from '#lib/store/store.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import { outbound } from '../conversations/compose-message.ts'
import type { Deployment } from '../deployments/deployments-file.ts'
import { GuestError } from '../protocol/guest-errors.ts'
import type { Content, StructuredMessage } from '../protocol/structured-message.ts'
import type { GuestSession } from '../sessions/guest-session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { AgentScript, type Circumstances } from './agent-script.ts'
import { DueReplies } from './due-replies.ts'
import type { ReadyMessage } from './ready-messages.ts'

/** How long the agent is shown as typing, if nothing comes of it. */
const typingMs = 5_000

/** The scripted agent at the other end, in place of a bot flow. It is silent where a person has taken the conversation. */
export class ScriptedAgent {
  /** `false` where only persons answer */
  readonly enabled: boolean
  readonly #brand: ShownBrand
  readonly #scriptNow: () => AgentScript
  readonly #sessions: SessionStore
  readonly #conversations: ConversationStore
  readonly #desk: string | undefined
  readonly #due: DueReplies

  /**
   * @param store where it keeps what it is about to say
   * @param options.brand whose words it has, and its name
   * @param options.picturesUrl where the brand's pictures are, with a slash at the end
   * @param options.desk where a person can take over, if anywhere
   */
  constructor (store: Store, { brand, picturesUrl, sessions, conversations, delayMs, desk, enabled, log }: {
    brand: ShownBrand
    picturesUrl: string
    sessions: SessionStore
    conversations: ConversationStore
    delayMs: number
    desk: string | undefined
    enabled: boolean
    log: Logger
  }) {
    this.enabled = enabled
    this.#brand = brand
    this.#scriptNow = brand.derive(brand => new AgentScript(brand, picturesUrl))
    this.#sessions = sessions
    this.#conversations = conversations
    this.#desk = desk
    this.#due = new DueReplies(store, {
      delayMs,
      log,
      say: async (place, content, take) => {
        const now = await this.#inCharge(place)
        // Asked last, so that nothing is said after a person was announced.
        if (await take() && now) await this.#post(now, content)
      }
    })
  }

  /** What lies ready to be sent, of the brand that is shown. */
  get readyMessages (): ReadyMessage[] {
    return this.#script.readyMessages
  }

  get #script (): AgentScript {
    return this.#scriptNow()
  }

  /** The guest has joined the conversation; only the first time is worth a greeting. */
  async greet (session: GuestSession, deployment: Deployment): Promise<void> {
    if (!await this.#sessions.join(session)) return
    await this.#say(session, deployment, { type: 'Text', text: this.#script.greeting(session.identity) })
  }

  /** The guest has written something, has chosen something or has sent a file. */
  async answer (session: GuestSession, deployment: Deployment, message: StructuredMessage): Promise<void> {
    if (!this.enabled) return
    await this.#say(session, deployment, this.#script.answerTo(message, this.#circumstancesOf(session, deployment)))
  }

  /** The guest has signed in, in the course of the conversation. */
  async goOnSignedIn (session: GuestSession, deployment: Deployment): Promise<void> {
    if (!this.enabled) return
    const { entities } = await this.#conversations.history(session.conversationId, 1, 20)
    const last = entities.find(({ type, direction }) => type !== 'Event' && direction === 'Inbound')
    const content = this.#script.answerAfterSignIn(last, this.#circumstancesOf(session, deployment))
    if (content) await this.#say(session, deployment, content)
  }

  /** A person has taken the conversation: what was about to be said is not. */
  async handOver (session: GuestSession, name: string): Promise<void> {
    await this.#due.drop(session.conversationId)
    if (this.enabled) await this.#post(session, { type: 'Text', text: this.#script.handOver(name) })
  }

  /** The person has given the conversation back. */
  async comeBack (session: GuestSession): Promise<void> {
    if (this.enabled) await this.#post(session, { type: 'Text', text: this.#script.comeBack() })
  }

  /** Before the store is closed. */
  async stop (): Promise<void> {
    await this.#due.stop()
  }

  async #post (session: GuestSession, content: Content): Promise<void> {
    const { name } = this.#brand.now.agent
    try {
      await this.#conversations.post(session, outbound(content, { nickname: name, firstName: name }, 'Bot'))
    } catch (error) {
      // The conversation has just ended, and nobody is left to hear it.
      if (!(error instanceof GuestError)) throw error
    }
  }

  async #say (session: GuestSession, deployment: Deployment, content: Content): Promise<void> {
    if (!await this.#inCharge(session)) return
    if (deployment.messenger.apps.conversations.showAgentTypingIndicator) {
      await this.#post(session, { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On', duration: typingMs } }] })
    }
    await this.#due.add(session, content)
  }

  /** The session as it is now, if this conversation is still on in it and is the script's. */
  async #inCharge ({ key, conversationId }: Pick<GuestSession, 'key' | 'conversationId'>): Promise<GuestSession | undefined> {
    if (!this.enabled) return undefined
    const now = await this.#sessions.find(key)
    return now?.conversationId === conversationId && !now.readOnly && !now.agent ? now : undefined
  }

  #circumstancesOf ({ identity }: GuestSession, { auth }: Deployment): Circumstances {
    return { identity, canSignIn: auth.enabled && auth.allowSessionUpgrade, desk: this.#desk }
  }
}
