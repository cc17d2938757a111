import type { FastifyReply } from 'fastify'
import type { Change, Journey, Journeys } from '../journeys/journeys.ts'
import type { Message } from '../journeys/message.ts'
import type { PresentedMessage } from '../journeys/present.ts'
import { summaryOf, type JourneySummary } from '../journeys/summary.ts'

/** What has become of a journey, in the order in which it came about. */
type PresentedChange =
  | { kind: 'message', journey: string, message: PresentedMessage, replaced?: string }
  | Extract<Change, { kind: 'gone' }>

type JourneyEvent =
  /** what is exchanged from now on will be sent: what was before is to be fetched, anew where it was fetched already */
  | { event: 'ready', data: Record<string, never>, retry: number }
  /** @param journeys how those stand whose messages are among the changes, or were theirs before */
  | { event: 'changes', data: { journeys: JourneySummary[], changes: PresentedChange[] } }

const retryMs = 1_000
const maxUnread = 2_000

/**
 * Send what is exchanged, as server-sent events, until the reader goes away.
 *
 * @param present a message as pages see it, with what follows from it
 */
export async function sendChanges (reply: FastifyReply, journeys: Journeys, present: (message: Message) => PresentedMessage[]): Promise<void> {
  let unread: Exclude<Change, { kind: 'forgotten' }>[] = []
  let isReady = false
  let wake = () => {}
  const unsubscribe = journeys.subscribe(change => {
    // Back-pressure: nothing is kept for a page that reads too slowly. It fetches what there is when it comes to that.
    if (change.kind === 'forgotten' || unread.length >= maxUnread) [unread, isReady] = [[], false]
    else unread.push(change)
    wake()
  })
  reply.sse.onClose(() => {
    unsubscribe()
    wake()
  })
  await reply.sse.send(events())

  async function * events (): AsyncGenerator<JourneyEvent, void> {
    while (reply.sse.isConnected) {
      if (!isReady) {
        isReady = true
        yield { event: 'ready', data: {}, retry: retryMs }
      } else if (unread.length > 0) {
        const changes = unread
        unread = []
        yield { event: 'changes', data: presented(changes) }
      } else await new Promise<void>(resolve => { wake = resolve })
    }
  }

  // Whatever has come together is sent together: of a burst, each journey is summed up once.
  function presented (changes: typeof unread) {
    const touched = new Set<Journey>(changes.flatMap(change => change.kind === 'message' ? [change.journey, change.left ?? []].flat() : []))
    return {
      journeys: [...touched].filter(journey => journeys.find(journey.id) === journey && journey.messages.length > 0).map(summaryOf),
      // What belongs to no browser has one name for all time: it may be there again.
      changes: changes.flatMap((change): PresentedChange[] => change.kind === 'gone'
        ? journeys.find(change.id)?.messages.length ? [] : [change]
        : present(change.message).map(message => ({
          kind: 'message', journey: change.journey.id, message, ...(change.replaced !== undefined && { replaced: change.replaced })
        })))
    }
  }
}
