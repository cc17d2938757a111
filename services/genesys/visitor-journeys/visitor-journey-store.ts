import { randomUUID } from 'node:crypto'
import type { Collection, Store } from '#lib/store/store.ts'
import type { ConversationEvents } from '../sessions/conversation-events.ts'
import { userOf, type GuestSession } from '../sessions/guest-session.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { StorageQuota } from '../sessions/storage-quota.ts'

// How much of a visit is kept, and for how long after its last event: as long as a session of a guest, and what an agent can
// take in at a glance.
const maxEvents = 50
const keptSeconds = 72 * 60 * 60

/** Something that a visitor did on a page of the brand. */
export interface JourneyEvent {
  id: string
  /** as `page_viewed` */
  eventName: string
  page: { url: string, title: string }
  attributes: Record<string, string | number | boolean>
  /** ISO 8601 */
  createdDate: string
}

/** What a form or a page has told of the visitor, which nobody has verified. */
export type Traits = Partial<Record<'givenName' | 'familyName' | 'email' | 'cellPhone', string>>

interface VisitorJourney {
  /** the user who was signed in with this cookie first, by `userKey`: from then on it is shown as theirs only */
  owner?: string | undefined
  /** the user has signed out: what comes still is nobody's */
  closed?: boolean
  traits: Traits
  /** oldest first */
  events: JourneyEvent[]
}

/**
 * Where visitors have been, by the cookie of Genesys' Predictive Engagement: before they chat, and while they do.
 *
 * A guest session names the cookie when it is configured (`journeyContext`): see "Journey" in services/genesys/README.md. Once
 * somebody signs in, the cookie's journey is theirs, and shown beside nobody else's conversation; signing out closes it, and
 * clearing the conversation erases it.
 */
export class VisitorJourneyStore {
  readonly #journeys: Collection<VisitorJourney>
  readonly #sessions: SessionStore
  readonly #events: ConversationEvents
  readonly #quota: StorageQuota

  constructor (store: Store, { sessions, events, quota }: { sessions: SessionStore, events: ConversationEvents, quota: StorageQuota }) {
    this.#journeys = store.collection('journey')
    this.#sessions = sessions
    this.#events = events
    this.#quota = quota
  }

  /**
   * Keep what a visitor has done, and tell those who look on.
   *
   * @throws {GuestError} where there is no room for it
   */
  async record (
    deploymentId: string,
    customerId: string,
    { traits = {}, ...event }: Omit<JourneyEvent, 'id'> & { traits?: Traits }
  ): Promise<JourneyEvent> {
    this.#quota.check(true)
    const kept = { id: randomUUID(), ...event }
    await this.#change(keyOf(deploymentId, customerId), journey => journey.closed
      ? journey
      : { ...journey, traits: { ...journey.traits, ...traits }, events: [...journey.events, kept].slice(-maxEvents) })
    for (const { conversationId } of await this.#sessions.ofCustomer(deploymentId, customerId)) {
      this.#events.publish({ type: 'journey', conversationId })
    }
    return kept
  }

  /** Somebody has signed in with this cookie. */
  async claim (deploymentId: string, customerId: string, user: string): Promise<void> {
    await this.#change(keyOf(deploymentId, customerId), journey => ({ ...journey, owner: journey.owner ?? user }))
  }

  /** Where the guest of a session has been, newest first; nothing where that was somebody else, as far as is known. */
  async of (session: GuestSession): Promise<{ traits: Traits, events: JourneyEvent[] }> {
    const { deploymentId, customerId } = session
    const journey = customerId === undefined ? undefined : await this.#journeys.get(keyOf(deploymentId, customerId))
    const isTheirs = journey && (journey.owner === undefined || journey.owner === userOf(session))
    return isTheirs ? { traits: journey.traits, events: journey.events.toReversed() } : { traits: {}, events: [] }
  }

  /** The guest has signed out. */
  async close ({ deploymentId, customerId }: GuestSession): Promise<void> {
    if (customerId !== undefined) await this.#change(keyOf(deploymentId, customerId), journey => ({ ...journey, closed: true }))
  }

  /** The guest has cleared the conversation. */
  async forget ({ deploymentId, customerId }: GuestSession): Promise<void> {
    if (customerId !== undefined) await this.#journeys.delete(keyOf(deploymentId, customerId))
  }

  async #change (key: string, change: (journey: VisitorJourney) => VisitorJourney): Promise<void> {
    for (;;) {
      if (await this.#journeys.update(key, change, () => keeping)) return
      if (await this.#journeys.add(key, change({ traits: {}, events: [] }), keeping)) return
    }
  }
}

const keeping = { ttl: keptSeconds }

const keyOf = (deploymentId: string, customerId: string) => `${deploymentId}/${customerId.toLowerCase()}`
