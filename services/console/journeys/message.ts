import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'

/** The services that keep a ledger. */
export const services = ['relying-party', 'idp', 'genesys'] as const
export type Service = typeof services[number]

/** What went between two parties: an HTTP exchange, or a message on a WebSocket, as the service that received it has it in its ledger. */
export interface Message extends LedgerEntry {
  /** what only it has, in all ledgers together */
  key: string
  service: Service
  /** realm of the identity provider; '' for the issuer at its root, and at the other services */
  realm: string
  /** no ledger has it: it goes to somebody outside the lab, and the redirect before it says that it was sent */
  isInferred?: true
}

/**
 * A message of a service's ledger.
 *
 * @param ledger of which process it is: numbers of entries begin again with each
 */
export function messageOf (service: Service, realm: string, ledger: string, entry: LedgerEntry): Message {
  // The provider knows a client by its id, which may be called anything; a service of the lab says in `user-agent` which it is.
  // So does the attacker of the lessons.
  const sender = [...services, 'evil'].find(name => name === entry.requestHeaders['user-agent']) ?? entry.from
  return { ...entry, key: [service, realm, ledger.slice(0, 8), entry.id].join('/'), service, realm, from: sender }
}

/** When it was over, in epoch milliseconds. */
export const endOf = ({ at, durationMs }: Message): number => at + durationMs

// The clocks of two processes are read one after the other, and may differ by so much.
const slackMs = 5

/** Whether one was sent and answered while a service was at work on the other. */
export const isDuring = (inner: Message, outer: Message): boolean =>
  inner !== outer && inner.at >= outer.at - slackMs && endOf(inner) <= endOf(outer) + slackMs
