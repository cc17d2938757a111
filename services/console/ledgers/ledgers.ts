import { fetch } from '#lib/outbound/outbound.ts'
import { messageOf, services, type Service } from '../journeys/message.ts'
import type { Journeys } from '../journeys/journeys.ts'
import type { EventStream } from './event-stream.ts'
import { readLedger } from './ledger-reader.ts'
import { RealmLedgers } from './realm-ledgers.ts'

/** Which services something is true of. */
export type ByService = Record<Service, boolean>

/** The services of the lab, as far as they are reached: their ledgers are followed, and fill the journeys. */
export class Ledgers {
  readonly #urls: Record<Service, string>
  readonly #journeys: Journeys
  readonly #readers: Record<Service, EventStream>
  #applied = 0
  /** of the issuers beside the one at the root */
  readonly realms: RealmLedgers

  constructor (urls: Record<Service, string>, journeys: Journeys) {
    this.#urls = urls
    this.#journeys = journeys
    this.#readers = byService(service => readLedger(urls[service], {
      onEntry: (entry, ledger) => journeys.add(messageOf(service, '', ledger, entry)),
      onCleared: () => journeys.forget(message => message.service === service && message.realm === '')
    }))
    this.realms = new RealmLedgers(urls.idp, journeys)
    journeys.subscribe(change => {
      if (change.kind === 'message') this.#applied += change.message.faults.length
    })
  }

  /** Another whenever something was changed by the control API, or a fault was applied, of which there may be fewer now. */
  get version (): string {
    return `${this.realms.version}.${this.#applied}`
  }

  /** Which services answer now. */
  get reached (): ByService {
    return byService(service => this.#readers[service].reached)
  }

  /**
   * Have each service forget what was exchanged, and forget it here, that of services too which are not reached.
   *
   * @returns which services have
   */
  async clear (): Promise<ByService> {
    const cleared = await Promise.all(services.map(async service => [service, await clearLedger(this.#urls[service])] as const))
    await Promise.all(this.realms.there.map(({ issuer }) => clearLedger(issuer)))
    this.#journeys.forget(() => true)
    return Object.fromEntries(cleared) as ByService
  }

  close (): void {
    for (const service of services) this.#readers[service].stop()
    this.realms.close()
  }
}

const byService = <T>(of: (service: Service) => T) => Object.fromEntries(services.map(service => [service, of(service)])) as Record<Service, T>

async function clearLedger (url: string): Promise<boolean> {
  const answer = await fetch(`${url}/lab/ledger`, { method: 'DELETE' }).catch(() => undefined)
  return answer?.ok ?? false
}
