import type { FastifyRequest } from 'fastify'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Correlation } from '#lib/ledger/correlation.ts'
import type { Description, HttpExchange } from '#lib/ledger/recorder.ts'
import { askedByBrowsers, endpointOf, flowsBeginAt } from './endpoint-names.ts'
import { contextOf } from './provider-context.ts'
import { answerOf, authenticationOf } from './recorded-parameters.ts'

type Context = KoaContextWithOIDC | undefined
type Values = Record<string, unknown>

/**
 * What the ledger is told of a request that has been answered.
 *
 * @param status that went back; 0 where the connection broke before there was one
 * @returns nothing for a request to no endpoint
 */
export function describeHttpExchange (httpExchange: HttpExchange, status: number): Description | undefined {
  const { request, reply } = httpExchange
  const ctx = contextOf(request.raw)
  const endpoint = endpointOf(request)
  if (endpoint === undefined) return undefined
  const parameters = parametersOf(httpExchange, ctx)
  const answer = answerOf(reply.raw, ctx, httpExchange.answer)
  const client = clientOf(ctx) ?? text(parameters['client_id'])
  return {
    from: askedByBrowsers.has(endpoint) ? 'browser' : client ?? senderOf(request),
    to: 'idp',
    endpoint,
    parameters,
    answer: status === 0 ? {} : answer,
    ...(client !== undefined && { client_id: client }),
    ...aboutPerson(httpExchange, ctx),
    correlation: { begins: begins(request, endpoint), ...correlationOf(httpExchange, ctx, parameters, answer) }
  }
}

// The services of the lab say who they are; what other applications are built on stands in their headers.
const senderOf = ({ headers }: FastifyRequest) =>
  ['relying-party', 'genesys'].find(service => service === headers['user-agent']) ?? 'unknown'

/** What a browser posts to the authorization endpoint begins with the GET that it is redirected to. */
const begins = ({ method }: FastifyRequest, endpoint: string) =>
  flowsBeginAt.has(endpoint) && !(endpoint === 'authorization' && method === 'POST')

/** What was asked, in the query, the body and the headers. */
export function parametersOf ({ request, form }: HttpExchange, ctx: Context): Values {
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
export function aboutPerson (httpExchange: HttpExchange, ctx: Context): { username?: string, session?: string } {
  const { accounts } = httpExchange.request.realm
  const session = ctx?.oidc?.session
  const token = tokenOf(ctx)
  const sub = ctx?.oidc?.account?.accountId ?? token?.accountId ?? session?.accountId
  const typed = text((httpExchange.request.body as Values | undefined)?.['username'])
  const known = sub === undefined ? accounts.named(typed ?? '') : accounts.ofSub(sub)
  const username = known?.username ?? sub
  const sessionUid = session?.accountId ? session.uid : token?.sessionUid
  return { ...(username && { username }), ...(sessionUid && { session: sessionUid }) }
}

/** Values that lead from one HTTP exchange of a flow to the next. */
export function correlationOf (httpExchange: HttpExchange, ctx: Context, parameters: Values, answer: Values): Correlation {
  const oidc = ctx?.oidc
  const { uid } = { ...httpExchange.request.params as { uid?: string }, ...ctx?.params as { uid?: string } | undefined }
  const asked = (name: string) => text(parameters[name])
  const given = (name: string) => text(answer[name])
  const client = oidc?.client?.clientId
  const endpoint = endpointOf(httpExchange.request) ?? ''
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
      ...learnt('state', flowsBeginAt.has(endpoint) ? text(oidc?.params?.['state']) ?? asked('state') : undefined),
      ...learnt('sid', client && oidc?.session?.accountId ? oidc.session.sidFor(client) : text(tokenOf(ctx)?.['sid']))
    }
  }
}

const learnt = (name: 'state' | 'sid', value: string | undefined) => value === undefined ? {} : { [name]: value }

const text = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined
