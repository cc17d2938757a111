import fp from 'fastify-plugin'
import { sameSiteOnly } from '../server/same-site.ts'
import type { Ledger } from './ledger.ts'
import { ledgerRoutesOf } from './ledger-routes.ts'
import { redirectParameters } from './redirect-parameters.ts'
import { recorder, type Description, type HttpExchange } from './recorder.ts'

/** What a service that has no realms records. */
export interface ServiceLedgerOptions {
  /** own origin; whoever asks under another is refused */
  url: string
  /** the name of the service, as receiver */
  service: string
  /** what is recorded: names of endpoints by the paths of their routes. Files, health and streams are no part of the flow */
  endpoints: Record<string, string>
  /** who asks at these endpoints; at all others it is a browser */
  senders?: Record<string, string>
  /** whether a cookie of this name is the session of one browser, for as long as it has this value */
  isSession?: (cookie: string) => boolean
  /** where it is recorded */
  ledger: Ledger
}

/**
 * The ledger of a service: what it is asked and answers, at `/lab/ledger`. For the lab alone. To be registered before the routes
 * that it records.
 */
export const serviceLedger = fp<ServiceLedgerOptions>(async (app, options) => {
  const { url, service, endpoints, senders = {}, isSession, ledger } = options

  function describe ({ request, reply, answer }: HttpExchange, status: number): Description {
    const endpoint = endpoints[request.routeOptions.url!]!
    const location = reply.getHeader('location')
    return {
      from: senders[endpoint] ?? 'browser',
      to: service,
      endpoint,
      parameters: flattened({ ...request.query as object, ...(typeof request.body === 'object' ? request.body : {}) }),
      answer: status === 0 ? {} : typeof location === 'string' ? redirectParameters(location) : flattened(answer ?? {})
    }
  }

  await app.register(recorder, {
    ledgerOf: ({ routeOptions }) => endpoints[routeOptions.url ?? ''] === undefined ? undefined : ledger,
    describe,
    ...(isSession && { isSession })
  })
  await app.register(async routes => {
    routes.addHook('onRequest', sameSiteOnly(url))
    await routes.register(ledgerRoutesOf(() => ledger, () => ({ endpoint: Object.values(endpoints) })))
  })
  app.addHook('preClose', async () => ledger.close())
}, { name: 'lab-ledger' })

/** Members of members by both names, `oauth.code`: what is deeper is recorded as its JSON. */
export function flattened (values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value as object).map(([member, inner]) => [`${name}.${member}`, inner])
      : [[name, value]]))
}
