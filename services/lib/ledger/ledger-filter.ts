import type { Flow } from './correlation.ts'
import type { LedgerEntry } from './ledger-entry.ts'

/** What an HTTP exchange must have. */
export interface LedgerFilter {
  endpoint?: string
  client_id?: string
  username?: string
  flow?: string
  /** as entries have it, or the `sid` of any client: then it is about the session that this belongs to */
  session?: string
  /** `state` of the authorization request: it is about everything that belongs to that */
  state?: string
  fault?: string
  /** name of a rule of permissive mode that was broken */
  rule?: string
  status?: number
  from?: string
  to?: string
}

interface Candidate { entry: LedgerEntry, flow: Flow | undefined }

/** The names of what an HTTP exchange is asked to have and has not; what it lacks is taken from its flow. */
export function differencesFrom (filter: LedgerFilter, all: Candidate[]): (candidate: Candidate) => (keyof LedgerFilter)[] {
  const session = filter.session && sessionOf(filter.session, all)
  const asked = (Object.keys(filter) as (keyof LedgerFilter)[]).filter(name => filter[name] !== undefined && filter[name] !== '')
  return ({ entry, flow }) => asked.filter(name => {
    switch (name) {
      case 'client_id':
      case 'username': return (entry[name] ?? flow?.[name]) !== filter[name]
      case 'flow': return flow?.id !== filter.flow
      case 'session': return (entry.session ?? flow?.session) !== session
      case 'state': return (flow?.state ?? entry.parameters['state']) !== filter.state
      case 'fault': return !entry.faults.includes(filter.fault!)
      case 'rule': return !entry.violations.some(({ rule }) => rule === filter.rule)
      default: return entry[name] !== filter[name]
    }
  })
}

/** A test for a filter. */
export function matcherOf (filter: LedgerFilter, all: Candidate[]): (candidate: Candidate) => boolean {
  const differences = differencesFrom(filter, all)
  return candidate => differences(candidate).length === 0
}

const sessionOf = (sid: string, all: Candidate[]) => all.find(({ flow }) => flow?.sid === sid)?.flow?.session ?? sid
