import type { FastifyRequest } from 'fastify'
import { contextOf } from './provider-context.ts'

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

/** Endpoints that browsers ask, and no client. */
export const askedByBrowsers: ReadonlySet<string> = new Set([
  'home', 'authorization', 'resume', 'interaction', 'sign_in', 'select_account', 'second_factor', 'consent', 'cancel', 'end_session',
  'end_session_confirm', 'end_session_success', 'code_verification', 'device_resume'
])

/** Endpoints where a flow begins: an authorization request makes one of its own even where its parameters are those of another. */
export const flowsBeginAt: ReadonlySet<string> = new Set(['authorization', 'pushed_authorization_request', 'device_authorization'])

/** What the endpoint that was asked is called in the ledger; nothing where there is none of that path. */
export function endpointOf (request: FastifyRequest): string | undefined {
  const route = contextOf(request.raw)?.['_matchedRoute'] as string | undefined ?? request.routeOptions.url
  if (route === undefined || route.endsWith('/*')) return undefined
  const path = route.replace(/^\/realms\/[^/]+/, '') || '/'
  return endpoints[path] ?? path.slice(path.lastIndexOf('/') + 1).replaceAll('-', '_')
}
