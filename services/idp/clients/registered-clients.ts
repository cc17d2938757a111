import { DataFileError, readDataFile } from '#lib/settings/data-file.ts'
import { Type, type Static, type TSchema } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'
import { signingAlgorithms } from '../state/issuer-keys.ts'
import { rules } from './rules.ts'
import type { SeededDirectory } from '../state/seeded-directory.ts'
import { idTokenClaims, refreshTokens, tokenLifetimes } from '../state/token-settings.ts'

// Of a host that is none, a policy of ours would make something else.
const webUri = 'https?://[^\\s#/?;,]+([/?][^\\s#]*)?'
const uri = Type.String({ pattern: `^${webUri}$`, description: 'an http or https URL without a fragment' })

/** How many redirect URIs a client can have, and how many characters each of them. */
export const mostRedirectUris = 100
export const longestRedirectUri = 2_000

const redirectUris = (description: string) => Type.Array(Type.String({
  pattern: `^(${webUri}|(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:[^\\s#]+)$`,
  maxLength: longestRedirectUri,
  description: 'an http or https URL without a fragment, or a URI of a scheme of the application\'s own'
}), { default: [], uniqueItems: true, maxItems: mostRedirectUris, description })

/** The grant of RFC 8628. */
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** What a client can have to do with a feature: it is refused, it may use it, or it has to. */
export const usages = ['off', 'allowed', 'required'] as const
export type Usage = typeof usages[number]

const usage = (description: string) => Type.Enum([...usages], { default: 'off', description })

/** The fields of a client beside its `client_id`. */
export const clientFields = {
  client_name: Type.String({ minLength: 1, description: 'what pages call it' }),
  client_uri: Type.String({ pattern: '^https?://', description: 'the http or https URL of its start page' }),
  client_secret: Type.Optional(Type.String({ minLength: 16, description: 'for client_secret_basic and client_secret_post' })),
  token_endpoint_auth_method: Type.Enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'], {
    description: 'how it shows who it is; none is a public client'
  }),
  jwks: Type.Optional(Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { minItems: 1 }) }, {
    description: 'the public keys of a client that signs something: private_key_jwt, request objects'
  })),
  application_type: Type.Enum(['web', 'native'], {
    default: 'web',
    description: 'native: redirect URIs may have a scheme of the application, and on loopback, by http, any port (RFC 8252)'
  }),
  redirect_uris: redirectUris('where browsers may be sent with an answer; compared character by character'),
  post_logout_redirect_uris: redirectUris('where browsers may be sent after a sign-out'),
  grant_types: Type.Array(Type.Enum(['authorization_code', 'refresh_token', deviceCodeGrant]), { minItems: 1 }),
  // The characters of a scope token: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.4
  scope: Type.String({
    pattern: '^openid( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$',
    description: 'the scopes that it may ask for, separated by a space, openid first; those of its own are in `/lab/settings`'
  }),
  id_token_signed_response_alg: Type.Enum([...signingAlgorithms], {
    default: 'RS256', description: 'what ID tokens for this client are signed with'
  }),
  pushed_authorization_requests: usage('authorization requests that are pushed first (RFC 9126)'),
  request_objects: usage('authorization requests as a signed JWT in `request` (RFC 9101)'),
  dpop: usage('tokens bound to a key of the client (RFC 9449); where off, a proof is ignored and the token a Bearer token'),
  backchannel_logout_uri: Type.Optional(uri),
  backchannel_logout_session_required: Type.Boolean({ default: false }),
  frontchannel_logout_uri: Type.Optional(uri),
  frontchannel_logout_session_required: Type.Boolean({ default: false }),
  first_party: Type.Boolean({ default: false, description: 'consent is taken as given, except by users who are always asked' }),
  id_token_claims: idTokenClaims,
  refresh_tokens: refreshTokens,
  token_lifetimes: {
    ...tokenLifetimes, default: {}, description: 'how long what it is issued from now on lasts; where left out, as `/lab/settings` says for all clients'
  },
  permissive: Type.Union([Type.Boolean(), Type.Array(Type.Enum(rules.map(({ name }) => name)), { uniqueItems: true })], {
    default: false,
    description: 'lab only: what strictness refuses is let pass for this client, and noted in the ledger; a list names the rules of ' +
      '`/lab/permissive` that it is let off, and it is strict for all others'
  })
}

const client = Type.Object({ client_id: Type.String({ minLength: 1 }), ...clientFields }, { additionalProperties: false })

/** A registered client, as an entry of `clients.yaml`. */
export type RegisteredClient = Static<typeof client>

const entries = Type.Array(client, { minItems: 1 })

const fieldDefaults = Object.fromEntries(Object.entries<TSchema & { default?: unknown }>(clientFields)
  .flatMap(([name, field]) => field.default === undefined ? [] : [[name, field.default]]))

/**
 * A client with values for what is not said, so that one redirect URI is enough: it is called what its id says, uses every grant that
 * belongs to signing in, and authenticates with the secret `lab-only-secret-of-<client_id>`; one that is native, as a redirect URI with
 * a scheme of its own says, has none.
 */
export function withClientDefaults ({ client_id: id, ...said }: Partial<RegisteredClient> & Pick<RegisteredClient, 'client_id'>): RegisteredClient {
  const hasOwnScheme = said.redirect_uris?.some(uri => !/^https?:/i.test(uri)) === true
  const type = said.application_type ?? (hasOwnScheme ? 'native' : 'web')
  const method = said.token_endpoint_auth_method ??
    (said.client_secret !== undefined ? 'client_secret_basic' : said.jwks ? 'private_key_jwt' : type === 'native' ? 'none' : 'client_secret_basic')
  return {
    ...fieldDefaults,
    application_type: type,
    client_id: id,
    client_name: id,
    client_uri: said.redirect_uris?.map(uri => URL.parse(uri)).find(url => /^https?:$/.test(url?.protocol ?? ''))?.origin ?? 'http://localhost',
    token_endpoint_auth_method: method,
    ...(method.startsWith('client_secret') && { client_secret: `lab-only-secret-of-${id}` }),
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email phone address offline_access',
    ...said
  } as RegisteredClient
}

/**
 * Read a file of clients.
 *
 * @throws {DataFileError} naming the file, the entry and the field
 * @see https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata
 */
export function readClients (file: string, settings: Record<string, string | number | boolean>): RegisteredClient[] {
  const clients = readDataFile(file, { entries, key: 'client_id', settings })
  const mistakes = clients.flatMap((client, index) =>
    contradictions(client).map(what => `entry ${index + 1} (${client.client_id}), field ${what}`))
  if (mistakes.length > 0) throw new DataFileError(file, mistakes)
  return clients
}

/** What no field by itself tells. For clients that come in another way oidc-provider looks after it. */
export function contradictions (client: RegisteredClient): string[] {
  const method = client.token_endpoint_auth_method
  const hasSecret = client.client_secret !== undefined
  return [
    ...(method.startsWith('client_secret') && !hasSecret ? [`client_secret: ${words.missing}`] : []),
    ...(!method.startsWith('client_secret') && hasSecret
      ? [`token_endpoint_auth_method: is ${method}, so client_secret is not for anything`]
      : []),
    ...(method === 'private_key_jwt' && !client.jwks ? [`jwks: ${words.missing}`] : []),
    ...(client.request_objects !== 'off' && !client.jwks ? [`jwks: ${words.missing}, and request objects are signed`] : []),
    ...(client.grant_types.includes('authorization_code') && client.redirect_uris.length === 0
      ? [`redirect_uris: ${words.atLeast(1, 'entry')}`]
      : []),
    ...(['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap(field =>
      (client[field] ?? []).flatMap(uri => {
        const refusal = refusalOf(uri, client.application_type)
        return refusal === undefined ? [] : [`${field}: ${uri} ${refusal}`]
      }))
  ]
}

/** @see https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata about `application_type` */
function refusalOf (uri: string, type: RegisteredClient['application_type']): string | undefined {
  const { hostname, protocol } = URL.parse(uri) ?? {}
  if (hostname === undefined || protocol === undefined) return 'is no URI'
  const isWeb = /^https?:$/.test(protocol)
  if (type !== 'native') return isWeb ? undefined : 'begins with neither http:// nor https://, as that of a native client may'
  if (['javascript:', 'vbscript:', 'data:', 'blob:', 'file:', 'about:'].includes(protocol)) return 'has a scheme that no application has'
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol === 'http:' && !isLoopback) return 'is http, which a native client may have at localhost, 127.0.0.1 and [::1] alone'
  return protocol === 'https:' && isLoopback ? 'is https at a loopback address, which nobody can claim' : undefined
}

/** The clients of one issuer. */
export type Clients = SeededDirectory<RegisteredClient>

/** The applications that a person who is lost can go back to. */
export function firstPartyApplications (clients: Clients): { name: string, uri: string }[] {
  return clients.all.filter(client => client.first_party).map(client => ({ name: client.client_name, uri: client.client_uri }))
    .filter((client, index, all) => all.findIndex(other => other.uri === client.uri) === index)
}
