import type { Flow } from './flows.ts'
import type { LedgerEntry } from './ledger.ts'

/** What an exchange must have. */
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

/** A test for a filter. What an exchange lacks is taken from its flow. */
export function matcherOf (filter: LedgerFilter, all: Candidate[]): (candidate: Candidate) => boolean {
  const session = filter.session && sessionOf(filter.session, all)
  const wanted = (['endpoint', 'from', 'to', 'status'] as const).filter(name => filter[name] !== undefined)
  return ({ entry, flow }) =>
    wanted.every(name => entry[name] === filter[name]) &&
    (!filter.client_id || (entry.client_id ?? flow?.client_id) === filter.client_id) &&
    (!filter.username || (entry.username ?? flow?.username) === filter.username) &&
    (!filter.flow || flow?.id === filter.flow) &&
    (!session || (entry.session ?? flow?.session) === session) &&
    (!filter.state || (flow?.state ?? entry.parameters['state']) === filter.state) &&
    (!filter.fault || entry.faults.includes(filter.fault)) &&
    (!filter.rule || entry.violations.some(({ rule }) => rule === filter.rule))
}

const sessionOf = (sid: string, all: Candidate[]) => all.find(({ flow }) => flow?.sid === sid)?.flow?.session ?? sid
