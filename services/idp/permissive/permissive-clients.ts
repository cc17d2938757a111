import { Provider, type KoaContextWithOIDC } from 'oidc-provider'
import { httpExchangeOf } from '#lib/ledger/recorder.ts'
import type { Logger } from '#lib/server/http-server.ts'
import type { Clients, RegisteredClient } from '../clients/registered-clients.ts'
import { isLetOff, isPermissive, specificationOf, type RuleName } from '../clients/rules.ts'

/** Which clients are let off which rules at this moment. Outside of a lab none is off any, whatever it is registered as. */
export class PermissiveClients {
  readonly #clients: Clients
  readonly #lab: boolean

  constructor (clients: Clients, { lab }: { lab: boolean }) {
    this.#clients = clients
    this.#lab = lab
  }

  /** Whether a client that breaks this rule is let pass. */
  lets (rule: RuleName, clientId: string | undefined): boolean {
    const client = this.#lab && clientId !== undefined ? this.#clients.get(clientId) : undefined
    return client !== undefined && isLetOff(client, rule)
  }

  /** The first client that is let off a rule, for what is of no client. */
  first (rule: RuleName): RegisteredClient | undefined {
    return this.#clients.all.find(({ client_id: id }) => this.lets(rule, id))
  }

  /** The request that is being answered, if it is a token request of a client that is let off this rule. */
  tokenRequest (rule: RuleName): KoaContextWithOIDC | undefined {
    const { ctx } = Provider
    return ctx?.oidc.route === 'token' && this.lets(rule, ctx.oidc.client?.clientId) ? ctx : undefined
  }
}

/** Say of a client that is permissive outside of a lab that it is none. */
export function warnOfPermissiveClients (clients: Clients, log: Logger): void {
  for (const client of clients.all) {
    if (isPermissive(client)) log.warn(`the client ${client.client_id} is permissive, which counts in a lab alone (LAB=true): here it is strict`)
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
