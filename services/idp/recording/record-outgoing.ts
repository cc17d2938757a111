import { Provider, type KoaContextWithOIDC } from 'oidc-provider'
import { systemTimeMs } from '#lib/ledger/ledger-entry.ts'
import { linksOf } from '#lib/ledger/links.ts'
import { httpExchangeOf, millisecondsSince } from '#lib/ledger/recorder.ts'
import type { FetchWithFaults } from '../faults/apply-logout-token-faults.ts'
import { aboutPerson, correlationOf, parametersOf } from './describe-http-exchange.ts'
import { contextOf } from './provider-context.ts'

/** `fetch` for oidc-provider's own requests that records them, e.g. the logout token that a client gets. */
export function recordOutgoing (fetch: typeof globalThis.fetch): FetchWithFaults {
  return async (input, init, faults = []) => {
    const ctx = Provider.ctx
    const httpExchange = ctx && httpExchangeOf(ctx.req)
    if (!httpExchange) return await fetch(input, init)

    const id = httpExchange.ledger.begin()
    const time = new Date().toISOString()
    const at = systemTimeMs()
    const start = performance.now()
    const url = new URL(input instanceof Request ? input.url : input)
    const client = await clientAt(ctx, url.href)
    // Of what the browser itself has asked.
    const parameters = parametersOf(httpExchange, contextOf(httpExchange.request.raw))
    const sent: Record<string, unknown> = init?.body instanceof URLSearchParams ? Object.fromEntries(init.body) : {}
    const record = (status: number, answer: Record<string, unknown> = {}) => httpExchange.ledger.record({
      id,
      time,
      at,
      links: linksOf({ parameters: sent, answer: {}, requestHeaders: {}, answerHeaders: {} }),
      from: 'idp',
      to: client ?? url.host,
      method: init?.method ?? 'GET',
      endpoint: init?.body instanceof URLSearchParams && init.body.has('logout_token') ? 'backchannel_logout' : 'fetch',
      path: url.pathname,
      parameters: sent,
      status,
      answer,
      ...(client !== undefined && { client_id: client }),
      ...aboutPerson(httpExchange, ctx),
      faults,
      violations: [],
      correlation: { by: correlationOf(httpExchange, ctx, parameters, {}).by ?? [] },
      durationMs: millisecondsSince(start)
    })
    try {
      const response = await fetch(input, init)
      record(response.status)
      return response
    } catch (error) {
      record(0)
      throw error
    }
  }
}

/** The client that registered this URL, of those that the browser is signed in to. */
async function clientAt (ctx: KoaContextWithOIDC, url: string): Promise<string | undefined> {
  for (const id of Object.keys(ctx.oidc.session?.authorizations ?? {})) {
    const client = await ctx.oidc.provider.Client.find(id)
    if (client?.backchannelLogoutUri && new URL(client.backchannelLogoutUri).href === url) return id
  }
  return ctx.oidc.client?.clientId
}
