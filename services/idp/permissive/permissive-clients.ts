import { Provider, type KoaContextWithOIDC } from 'oidc-provider'
import { httpExchangeOf } from '#lib/ledger/recorder.ts'
import type { Logger } from '#lib/server/http-server.ts'
import type { Clients, RegisteredClient } from '../clients/registered-clients.ts'
import { specificationOf, type RuleName } from './rules.ts'

/** Which clients are permissive at this moment. Outside of a lab none is, whatever it is registered as. */
export class PermissiveClients {
  readonly #clients: Clients
  readonly #lab: boolean

  constructor (clients: Clients, { lab }: { lab: boolean }) {
    this.#clients = clients
    this.#lab = lab
  }

  has (clientId: string | undefined): boolean {
    return this.#lab && clientId !== undefined && this.#clients.get(clientId)?.permissive === true
  }

  /** The first of them, for what is of no client. */
  get first (): RegisteredClient | undefined {
    return this.#clients.all.find(({ client_id: id }) => this.has(id))
  }

  /**
   * The request that is being answered, if it is one to this endpoint by a permissive client.
   *
   * @param route name of oidc-provider for the endpoint
   */
  requestTo (route: string): KoaContextWithOIDC | undefined {
    const { ctx } = Provider
    return ctx?.oidc.route === route && this.has(ctx.oidc.client?.clientId) ? ctx : undefined
  }
}

/** Say of a client that is permissive outside of a lab that it is none. */
export function warnOfPermissiveClients (clients: Clients, log: Logger): void {
  for (const { client_id: id, permissive } of clients.all) {
    if (permissive) log.warn(`the client ${id} is permissive, which counts in a lab alone (LAB=true): here it is strict`)
  }
}

/**
 * Note on the HTTP exchange that a rule was broken and the request let pass.
 *
 * @param what was wrong, without secrets
 */
export function noteViolation (rule: RuleName, what: string): void {
  const violations = Provider.ctx && httpExchangeOf(Provider.ctx.req)?.violations
  // oidc-provider looks at some things more than once.
  if (!violations || violations.some(violation => violation.rule === rule)) return
  violations.push({ rule, what, specification: specificationOf(rule) })
}
