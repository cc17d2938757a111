import { fetch } from '#lib/outbound/outbound.ts'
import type { PresentedJourney } from '../../services/console/exports/presented-journey.ts'
import type { JourneySummary } from '../../services/console/journeys/summary.ts'
import type { Lab } from './lab.ts'
import { until } from './until.ts'

/** The console of a lab, as tests ask it. */
export class ConsoleApi {
  readonly #url: string

  constructor ({ console }: Pick<Lab, 'console'>) {
    this.#url = console
  }

  async journeys (query: Record<string, string> = {}): Promise<JourneySummary[]> {
    return (await this.#get<{ journeys: JourneySummary[] }>(`/journeys?${new URLSearchParams(query)}`)).journeys
  }

  journey (id: string): Promise<PresentedJourney> {
    return this.#get(`/journeys/${id}`)
  }

  /** The latest journey with this in it, once it is there. */
  async latest (what: string, isMeant: (journey: JourneySummary) => boolean): Promise<PresentedJourney> {
    let found: JourneySummary | undefined
    await until(`the console has a journey with ${what}`, async () => {
      found = (await this.journeys()).filter(isMeant).sort((a, b) => b.from - a.from)[0]
      return found !== undefined
    })
    return await this.journey(found!.id)
  }

  /** What runs just now, as its pages show it. */
  running (): Promise<{ services: Record<string, boolean>, realms: { name: string, issuer: string }[], pastRealms: string[] }> {
    return this.#get('/running')
  }

  async #get<T> (path: string): Promise<T> {
    const response = await fetch(this.#url + path)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return await response.json() as T
  }
}
