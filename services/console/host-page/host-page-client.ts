import createError from '@fastify/error'
import type { HostPageState } from '#lib/control-api/host-page-switch.ts'
import { createFetch } from '#lib/outbound/outbound.ts'
import { withoutTrailingSlash, type Addresses } from '#lib/settings/settings.ts'

const Refused = createError('HOST_PAGE_REFUSED', '%s', 400)

const fetch = createFetch({ timeouts: { connect: 2_000, headers: 5_000 }, userAgent: 'console' })

/** What can be switched. */
export interface HostPageChanges { brand?: string, deployment?: string }

/** What came of a switch at each service, by its URL: `switched`, `not reachable`, or `refused` and why. */
type Outcomes = Record<string, string>

type Answer = { ok: true, state: HostPageState } | { ok: false, status: number, outcome: string }

/** Who is at the other end of `/lab/host-page`, and of the clients that are called by the brand. */
export class HostPageClient {
  readonly #addresses: Addresses

  constructor (addresses: Addresses) {
    this.#addresses = addresses
  }

  /** @returns nothing where the application does not say */
  async read (): Promise<HostPageState | undefined> {
    const answer = await ask(`${this.#addresses.app}/lab/host-page`)
    return answer.ok ? answer.state : undefined
  }

  /**
   * Switch it at every service that shows it; one that is not reached keeps none of the others from it.
   *
   * @param changes nothing for what the settings say
   * @throws 400 with the words of the application where it refuses, before any other service is asked
   */
  async change (changes: HostPageChanges | undefined): Promise<{ state: HostPageState | undefined, services: Outcomes }> {
    const { app, genesys, issuer } = this.#addresses
    const switched = await ask(`${app}/lab/host-page`, changeOf(changes))
    if (!switched.ok && switched.status >= 400 && switched.status < 500) throw new Refused(switched.outcome)
    const outcomes: Outcomes = { [app]: switched.ok ? 'switched' : switched.outcome }
    if (changes && changes.brand === undefined) return { state: switched.ok ? switched.state : undefined, services: outcomes }

    const atAgent = await ask(`${genesys}/lab/host-page`, changeOf(changes && { brand: changes.brand! }))
    outcomes[genesys] = atAgent.ok ? 'switched' : atAgent.outcome
    const known = [switched, atAgent].find(answer => answer.ok)
    if (known?.ok) outcomes[issuer] = await this.#renameClients(known.state)
    return { state: switched.ok ? switched.state : undefined, services: outcomes }
  }

  /** The sign-in and consent pages call a client by its name: one that has the name of a brand gets that of this one. */
  async #renameClients ({ brand, brands }: HostPageState): Promise<string> {
    const title = brands.find(({ name }) => name === brand)!.title
    const others = brands.map(brand => brand.title).filter(other => other !== title)
    const clientsUrl = `${withoutTrailingSlash(this.#addresses.issuer)}/lab/clients`
    try {
      const response = await fetch(clientsUrl)
      if (!response.ok) return `refused: ${response.status}`
      const { clients } = await response.json() as { clients: { client_id: string, client_name?: string }[] }
      for (const { client_id: id, client_name: name = '' } of clients) {
        const former = others.find(other => name === other || name.startsWith(`${other} `))
        if (former === undefined) continue
        const renamed = await fetch(`${clientsUrl}/${encodeURIComponent(id)}`, inJson('PATCH', { client_name: title + name.slice(former.length) }))
        await renamed.body?.cancel()
        if (!renamed.ok) return `refused: ${renamed.status}`
      }
      return 'switched'
    } catch {
      return 'not reachable'
    }
  }
}

const inJson = (method: string, body: object) => ({ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

const changeOf = (changes: HostPageChanges | undefined) => changes ? inJson('PATCH', changes) : { method: 'DELETE' }

async function ask (url: string, init: Parameters<typeof fetch>[1] = {}): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual' })
    const answer = await response.json() as HostPageState & { error_description?: string }
    if (response.ok) return { ok: true, state: answer }
    return { ok: false, status: response.status, outcome: answer.error_description ?? `refused: ${response.status}` }
  } catch {
    return { ok: false, status: 0, outcome: 'not reachable' }
  }
}
