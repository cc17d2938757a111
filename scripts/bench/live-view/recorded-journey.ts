import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'
import { systemTimeMs } from '#lib/ledger/ledger-entry.ts'
import { ledgerRoutesOf } from '#lib/ledger/ledger-routes.ts'
import { Ledger } from '#lib/ledger/ledger.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { services, type Service } from '../../../services/console/journeys/message.ts'

/** What each service has recorded of one sign-in with a chat. */
export type RecordedJourney = Record<Service, LedgerEntry[]>

/** Read what the services of a lab have in their ledgers. */
export async function readLedgers (urls: Record<Service, string>): Promise<RecordedJourney> {
  const read = services.map(async service => {
    const response = await fetch(`${urls[service]}/lab/ledger?secrets=show&limit=1000`)
    return [service, (await response.json() as { entries: LedgerEntry[] }).entries] as const
  })
  return Object.fromEntries(await Promise.all(read)) as RecordedJourney
}

/** Services that have ledgers, and do nothing else: what goes into them is what was recorded once, as often as it takes. */
export class LedgerServers {
  readonly #recorded: RecordedJourney
  readonly #ledgers = Object.fromEntries(services.map(service => [service, new Ledger()])) as Record<Service, Ledger>
  readonly #servers: FastifyInstance[] = []

  constructor (recorded: RecordedJourney) {
    this.#recorded = recorded
  }

  async listen (ports: Record<Service, number>): Promise<void> {
    for (const service of services) {
      const server = Fastify()
      await server.register(ledgerRoutesOf(() => this.#ledgers[service]))
      await server.listen({ port: ports[service], host: '127.0.0.1' })
      this.#servers.push(server)
    }
  }

  /** Begin so many journeys, with the first message of each service. */
  beginJourneys (count: number): void {
    for (let number = 0; number < count; number++) {
      const link = randomUUID()
      for (const service of services) this.#record(service, 0, link)
    }
  }

  /** One journey with so many messages, all that were recorded again and again. */
  fillJourney (count: number, link: string): void {
    const all = services.flatMap(service => this.#recorded[service].map((_, index) => [service, index] as const))
    for (let number = 0; number < count; number++) this.#record(...all[number % all.length]!, link)
  }

  /** One more message of a journey, which ends now. */
  addMessage (link: string): void {
    this.#record('relying-party', 1, link)
  }

  async close (): Promise<void> {
    for (const ledger of Object.values(this.#ledgers)) ledger.close()
    for (const server of this.#servers) await server.close()
  }

  #record (service: Service, index: number, link: string): void {
    const { id: _id, flow: _flow, ...entry } = this.#recorded[service][index]!
    const parameters = 'state' in entry.parameters ? { ...entry.parameters, state: link } : entry.parameters
    const answer = 'state' in entry.answer ? { ...entry.answer, state: link } : entry.answer
    this.#ledgers[service].record({ ...entry, parameters, answer, at: systemTimeMs(), durationMs: 0, links: [link] })
  }
}
