import { Provider, type KoaContextWithOIDC } from 'oidc-provider'
import { exchangeOf } from '#lib/recorder.ts'
import type { Realm } from '../realm.ts'
import { specificationOf, type RuleName } from './rules.ts'

/** Whether a client is permissive at this moment. */
export const isPermissive = ({ lab, clients }: Realm, clientId: string | undefined): boolean =>
  lab !== undefined && clientId !== undefined && clients.get(clientId)?.permissive === true

/**
 * The request that is being answered, if it is one to this endpoint by a permissive client.
 *
 * @param route name of oidc-provider for the endpoint
 */
export function permissiveRequest (realm: Realm, route: string): KoaContextWithOIDC | undefined {
  const { ctx } = Provider
  return ctx?.oidc.route === route && isPermissive(realm, ctx.oidc.client?.clientId) ? ctx : undefined
}

/**
 * Note on the exchange that a rule was broken and the request let pass.
 *
 * @param what was wrong, without secrets
 */
export function note (rule: RuleName, what: string): void {
  const violations = Provider.ctx && exchangeOf(Provider.ctx.req)?.violations
  // oidc-provider looks at some things more than once.
  if (!violations || violations.some(violation => violation.rule === rule)) return
  violations.push({ rule, what, specification: specificationOf(rule) })
}
