import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Provider, type errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Correlation } from '#lib/flows.ts'
import { exchangeOf, millisecondsSince, recorder, type Description, type Exchange } from '#lib/recorder.ts'
import { answerOf, authenticationOf } from './recorded-parameters.ts'

// The names of oidc-provider's routes, which are those of the specifications, and of our own pages.
const endpoints: Record<string, string> = {
  '/': 'home',
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'discovery',
  '/jwks': 'jwks',
  '/auth': 'authorization',
  '/auth/:uid': 'resume',
  '/request': 'pushed_authorization_request',
  '/token': 'token',
  '/me': 'userinfo',
  '/token/introspection': 'introspection',
  '/token/revocation': 'revocation',
  '/session/end': 'end_session',
  '/session/end/confirm': 'end_session_confirm',
  '/session/end/success': 'end_session_success',
  '/device/auth': 'device_authorization',
  '/device': 'code_verification',
  '/device/:uid': 'device_resume',
  '/reg': 'registration',
  '/reg/:clientId': 'client',
  '/interaction/:uid': 'interaction',
  '/interaction/:uid/sign-in': 'sign_in',
  '/interaction/:uid/select-account': 'select_account',
  '/interaction/:uid/second-factor': 'second_factor',
  '/interaction/:uid/consent': 'consent',
  '/interaction/:uid/cancel': 'cancel'
}

/** What an endpoint can be called in the ledger. */
export const endpointNames: readonly string[] = [...new Set([...Object.values(endpoints), 'backchannel_logout', 'fetch'])]

const askedByBrowsers = new Set([
  'home', 'authorization', 'resume', 'interaction', 'sign_in', 'select_account', 'second_factor', 'consent', 'cancel', 'end_session',
  'end_session_confirm', 'end_session_success', 'code_verification', 'device_resume'
])

// An authorization request makes a flow of its own even where its parameters are those of another.
const begin = new Set(['authorization', 'pushed_authorization_request', 'device_authorization'])

type Context = KoaContextWithOIDC | undefined
type Values = Record<string, unknown>

const contextKey = Symbol('oidc')

declare module 'node:http' {
  interface IncomingMessage { [contextKey]?: KoaContextWithOIDC }
}

const ofTheLab = /^(\/realms\/[^/]+)?\/lab([/?]|$)/

/**
 * Fastify plugin that records what an issuer is asked, in the ledger of its realm. To be registered after what finds the
 * realm. Health, files of pages and the lab itself are left out.
 */
export const recordExchanges = fp(async app => {
  await app.register(recorder, {
    ledgerOf: request => ofTheLab.test(request.url) ? undefined : request.realm.lab?.ledger,
    clockOf: ({ realm }) => realm.lab?.clock,
    describe
  })
}, { name: 'record-exchanges' })

/** Have oidc-provider show to the recorder what it knows of each request. */
export function observeProvider (provider: Provider): void {
  provider.use((ctx, next) => {
    ctx.req[contextKey] = ctx as KoaContextWithOIDC
    return next()
  })

  // What a page says instead of a redirect.
  provider.on('authorization.success', (ctx, response) => { noteAnswer(ctx, response ?? {}) })
  const noteError = (ctx: KoaContextWithOIDC, { error, error_description: description }: errors.OIDCProviderError) =>
    noteAnswer(ctx, { error, error_description: description })
  provider.on('authorization.error', noteError)
  provider.on('end_session.error', noteError)
  provider.on('end_session_confirm.error', noteError)
  provider.on('code_verification.error', noteError)
  provider.on('device_resume.error', noteError)
}

function noteAnswer (ctx: KoaContextWithOIDC, answer: Values) {
  const exchange = exchangeOf(ctx.req)
  if (exchange) exchange.answer = answer
}

/** A `fetch` that is told which faults what it sends has. */
export type FetchWithFaults = (...parameters: [...Parameters<typeof globalThis.fetch>, faults?: string[]]) => Promise<Response>

/** `fetch` for oidc-provider's own requests that records them, e.g. the logout token that a client gets. */
export function recordOutgoing (fetch: typeof globalThis.fetch): FetchWithFaults {
  return async (input, init, faults = []) => {
    const ctx = Provider.ctx
    const exchange = ctx && exchangeOf(ctx.req)
    if (!exchange) return await fetch(input, init)

    const id = exchange.ledger.begin()
    const time = new Date().toISOString()
    const start = performance.now()
    const url = new URL(input instanceof Request ? input.url : input)
    const client = await clientAt(ctx, url.href)
    // Of what the browser itself has asked.
    const parameters = parametersOf(exchange, exchange.request.raw[contextKey])
    const record = (status: number, answer: Values = {}) => exchange.ledger.record({
      id,
      time,
      from: 'idp',
      to: client ?? url.host,
      method: init?.method ?? 'GET',
      endpoint: init?.body instanceof URLSearchParams && init.body.has('logout_token') ? 'backchannel_logout' : 'fetch',
      path: url.pathname,
      parameters: init?.body instanceof URLSearchParams ? Object.fromEntries(init.body) : {},
      status,
      answer,
      ...(client !== undefined && { client_id: client }),
      ...aboutPerson(exchange, ctx),
      faults,
      violations: [],
      correlation: { by: correlationOf(exchange, ctx, parameters, {}).by ?? [] },
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

function describe (exchange: Exchange, status: number): Description | undefined {
  const { request, reply } = exchange
  const ctx = request.raw[contextKey]
  const endpoint = endpointOf(request)
  if (endpoint === undefined) return undefined
  const parameters = parametersOf(exchange, ctx)
  const answer = answerOf(reply.raw, ctx, exchange.answer)
  const client = clientOf(ctx) ?? text(parameters['client_id'])
  return {
    from: askedByBrowsers.has(endpoint) ? 'browser' : client ?? 'unknown',
    to: 'idp',
    endpoint,
    parameters,
    answer: status === 0 ? {} : answer,
    ...(client !== undefined && { client_id: client }),
    ...aboutPerson(exchange, ctx),
    correlation: { begins: begins(request, endpoint), ...correlationOf(exchange, ctx, parameters, answer) }
  }
}

/** What a browser posts to the authorization endpoint begins with the GET that it is redirected to. */
const begins = ({ method }: FastifyRequest, endpoint: string) =>
  begin.has(endpoint) && !(endpoint === 'authorization' && method === 'POST')

/** Nothing where there is none of that path. */
function endpointOf (request: FastifyRequest): string | undefined {
  const route = request.raw[contextKey]?.['_matchedRoute'] as string | undefined ?? request.routeOptions.url
  if (route === undefined || route.endsWith('/*')) return undefined
  const path = route.replace(/^\/realms\/[^/]+/, '') || '/'
  return endpoints[path] ?? path.slice(path.lastIndexOf('/') + 1).replaceAll('-', '_')
}

function parametersOf ({ request, form }: Exchange, ctx: Context): Values {
  const body = form ?? ctx?.oidc?.body ?? request.body
  return {
    ...ctx?.query ?? request.query as Values,
    ...(typeof body === 'object' ? body as Values : {}),
    ...authenticationOf(request, endpointOf(request) ?? '', body, ctx?.oidc?.client)
  }
}

const clientOf = (ctx: Context) => ctx?.oidc?.client?.clientId ?? tokenOf(ctx)?.clientId

const tokenOf = (ctx: Context) => {
  const { AccessToken, RefreshToken, AuthorizationCode, DeviceCode } = ctx?.oidc?.entities ?? {}
  return AccessToken ?? RefreshToken ?? AuthorizationCode ?? DeviceCode
}

/** Who it is about, and in which session of theirs. */
function aboutPerson (exchange: Exchange, ctx: Context): { username?: string, session?: string } {
  const { accounts } = exchange.request.realm
  const session = ctx?.oidc?.session
  const token = tokenOf(ctx)
  const sub = ctx?.oidc?.account?.accountId ?? token?.accountId ?? session?.accountId
  const typed = text((exchange.request.body as Values | undefined)?.['username'])
  const known = sub === undefined ? accounts.named(typed ?? '') : accounts.ofSub(sub)
  const username = known?.username ?? sub
  const sessionUid = session?.accountId ? session.uid : token?.sessionUid
  return { ...(username && { username }), ...(sessionUid && { session: sessionUid }) }
}

/** Values that lead from one exchange of a flow to the next. */
function correlationOf (exchange: Exchange, ctx: Context, parameters: Values, answer: Values): Correlation {
  const oidc = ctx?.oidc
  const { uid } = { ...exchange.request.params as { uid?: string }, ...ctx?.params as { uid?: string } | undefined }
  const asked = (name: string) => text(parameters[name])
  const given = (name: string) => text(answer[name])
  const client = oidc?.client?.clientId
  const endpoint = endpointOf(exchange.request) ?? ''
  const isSignOut = ['end_session', 'resume'].includes(endpoint)
  return {
    by: [
      uid, asked('request_uri'), asked('code'), asked('device_code'), asked('refresh_token'), asked('access_token'),
      asked('token'), asked('id_token_hint'), oidc?.deviceCode?.jti, text(oidc?.body?.['xsrf'])
    ],
    yields: [
      oidc?.entities?.Interaction?.uid, given('code'), given('access_token'), given('refresh_token'), given('id_token'),
      given('request_uri'), given('device_code'), isSignOut ? text(oidc?.session?.state?.['secret']) : undefined
    ],
    learns: {
      ...learnt('state', begin.has(endpoint) ? text(oidc?.params?.['state']) ?? asked('state') : undefined),
      ...learnt('sid', client && oidc?.session?.accountId ? oidc.session.sidFor(client) : text(tokenOf(ctx)?.['sid']))
    }
  }
}

const learnt = (name: 'state' | 'sid', value: string | undefined) => value === undefined ? {} : { [name]: value }

const text = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined
