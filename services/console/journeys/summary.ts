import type { Journey } from './journeys.ts'
import { endOf, type Message } from './message.ts'

/** What a list of journeys says of one. */
export interface JourneySummary {
  id: string
  /** when it began and when its last message ended, in epoch milliseconds */
  from: number
  to: number
  messages: number
  /** user names */
  who: string[]
  clients: string[]
  realm: string
  outcome: Outcome
  faults: string[]
  endpoints: string[]
}

/** How it stands, by what the provider and the relying party have answered last. */
export type Outcome = 'under way' | 'signed in' | 'chatting' | 'refused' | 'signed out'

const signOuts = new Set(['logout_callback', 'end_session_success', 'session_end', 'backchannel_logout'])

const known = new WeakMap<Journey, { revision: number, summary: JourneySummary }>()

/** A journey in one line; it is read again only if there is more of it. */
export function summaryOf (journey: Journey): JourneySummary {
  const { revision, summary } = known.get(journey) ?? {}
  if (summary && revision === journey.revision) return summary
  const fresh = summarise(journey)
  known.set(journey, { revision: journey.revision, summary: fresh })
  return fresh
}

function summarise (journey: Journey): JourneySummary {
  const { id, messages } = journey
  const of = (read: (message: Message) => (string | undefined)[]) => [...new Set(messages.flatMap(read).filter(value => value !== undefined))]
  return {
    id,
    from: messages[0]!.at,
    to: messages.reduce((latest, message) => Math.max(latest, endOf(message)), 0),
    messages: messages.length,
    who: of(({ username }) => [username]),
    clients: of(({ client_id: client }) => [client]),
    realm: realmOf(journey),
    outcome: outcomeOf(messages),
    faults: of(({ faults }) => faults),
    endpoints: of(({ endpoint }) => [endpoint])
  }
}

/** The realm that the provider was asked in; '' is the issuer at the root. */
export const realmOf = ({ messages }: Journey): string => messages.find(({ realm }) => realm !== '')?.realm ?? ''

function outcomeOf (messages: readonly Message[]): Outcome {
  // By their ends: a callback is answered when the tokens that it has fetched were looked at.
  let last: { outcome: Outcome, end: number } = { outcome: 'under way', end: 0 }
  for (const message of messages) {
    const outcome = outcomeAfter(message)
    if (outcome && endOf(message) >= last.end) last = { outcome, end: endOf(message) }
  }
  return last.outcome
}

function outcomeAfter ({ service, endpoint, status, answer, frame }: Message): Outcome | undefined {
  if (frame) return frame.name === 'SessionResponse' ? 'chatting' : undefined
  if (endpoint === 'callback' || endpoint === 'login') return status < 400 ? endpoint === 'callback' ? 'signed in' : undefined : 'refused'
  if (signOuts.has(endpoint)) return status < 400 ? 'signed out' : undefined
  if (service !== 'idp') return undefined
  // Of an application that keeps no ledger of its own, the provider's answers are all that is known.
  if (endpoint === 'token') return status === 200 ? 'signed in' : 'refused'
  return typeof answer['error'] === 'string' && answer['error'] !== 'login_required' ? 'refused' : undefined
}
