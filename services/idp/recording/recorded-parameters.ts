import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Client, KoaContextWithOIDC } from 'oidc-provider'
import { redirectParameters } from '#lib/ledger/redirect-parameters.ts'

type Values = Record<string, unknown>

const clientsAuthenticateAt = new Set([
  'token', 'introspection', 'revocation', 'pushed_authorization_request', 'device_authorization'
])

/**
 * What a request authenticated with, as parameters of the ledger: `client_id` and `client_secret` of a Basic header, the
 * `token_endpoint_auth_method` that a client used, the `access_token` of a Bearer or DPoP header, the `dpop` proof.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export function authenticationOf (
  { headers }: FastifyRequest, endpoint: string, body: unknown, client: Client | undefined
): Values {
  const { authorization = '', dpop } = headers
  const [scheme, credentials = ''] = authorization.split(' ', 2)
  const isToken = /^(bearer|dpop)$/i.test(scheme!)
  return {
    ...(/^basic$/i.test(scheme!) && basic(credentials)),
    ...(isToken && { access_token: credentials }),
    ...(dpop !== undefined && { dpop }),
    ...(clientsAuthenticateAt.has(endpoint) && {
      token_endpoint_auth_method: methodOf(scheme!, body as Values | undefined, client)
    })
  }
}

function methodOf (scheme: string, body: Values | undefined, client: Client | undefined): string | undefined {
  if (/^basic$/i.test(scheme)) return 'client_secret_basic'
  if (body?.['client_secret'] !== undefined) return 'client_secret_post'
  if (body?.['client_assertion'] !== undefined) return client?.clientAuthMethod ?? 'private_key_jwt'
  return body?.['client_id'] === undefined ? undefined : 'none'
}

function basic (credentials: string): Record<string, string> {
  const [id, secret] = Buffer.from(credentials, 'base64').toString().split(/:(.*)/s, 2)
  return { client_id: decode(id!), client_secret: decode(secret ?? '') }
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'))
  } catch {
    return text
  }
}

/**
 * What goes back: `location` and the parameters of a redirect, the members of a JSON object, or what the page is about.
 *
 * @param noted where it is neither a redirect nor a JSON object
 */
export function answerOf (response: ServerResponse, ctx: KoaContextWithOIDC | undefined, noted: Values | undefined): Values {
  const location = response.getHeader('location')
  if (typeof location === 'string') return redirectParameters(location)
  const body: unknown = ctx?.body
  if (isObject(body)) return body
  return typeof body === 'string' && body !== '' && !ctx?.response.is('html') ? { body } : noted ?? {}
}

const isObject = (body: unknown): body is Values =>
  typeof body === 'object' && body !== null && [Object.prototype, null].includes(Object.getPrototypeOf(body))
