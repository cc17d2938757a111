import { errors, type Client, type ClientMetadata, type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import { longestRedirectUri, mostRedirectUris, usages, type Clients, type Usage } from './registered-clients.ts'

/** The features that a client uses or not, with the metadata by which OAuth says that a client has to. */
const required = {
  pushed_authorization_requests: 'require_pushed_authorization_requests',
  request_objects: 'require_signed_request_object',
  dpop: 'dpop_bound_access_tokens'
} as const

/** A feature that a client uses or not. */
export type Feature = keyof typeof required

/** Whether a client does not use a feature; of nobody it is not known. */
export const isOff = (client: Client | undefined, feature: Feature): boolean => client !== undefined && client[feature] === 'off'

const isFeature = (key: string): key is Feature => key in required

/** For the lab to say, never for a client that registers itself: it would do without consent. */
const labOnly = new Set(['first_party', 'id_token_claims', 'refresh_tokens', 'token_lifetimes', 'permissive'])

/**
 * What oidc-provider's client metadata is extended by: the lab's own fields, and front-channel logout.
 *
 * @param clients where a client that changes its registration keeps what only the lab may change
 */
export function extraClientMetadata (clients: Clients): NonNullable<Configuration['extraClientMetadata']> {
  return {
    properties: [...labOnly, ...Object.keys(required), 'frontchannel_logout_uri', 'frontchannel_logout_session_required'],
    // Called for every one of the properties; with a context where a client registers itself or changes its registration.
    validator (ctx, key, value, metadata) {
      if (ctx && labOnly.has(key)) keepAsItIs(key, metadata, clients)
      if (isFeature(key)) settleUsage(ctx, key, metadata)
      if (key === 'frontchannel_logout_uri' && value !== undefined) checkFrontChannelUri(value, metadata)
      if (key === 'frontchannel_logout_session_required' && !['boolean', 'undefined'].includes(typeof value)) {
        throw new errors.InvalidClientMetadata('frontchannel_logout_session_required must be a boolean')
      }
      if (key === 'request_objects') settleResponseTypes(metadata)
      if (ctx) limitRedirectUris(metadata)
      if (ctx) checkHostNames(metadata)
    }
  }
}

function keepAsItIs (key: string, metadata: ClientMetadata, clients: Clients): void {
  const stored = clients.get(metadata.client_id) as Record<string, unknown> | undefined
  if (stored?.[key] === undefined) delete metadata[key]
  else metadata[key] = stored[key]
}

/** Our field and OAuth's say the same: of a client that registers itself OAuth's counts, of all others ours. */
function settleUsage (ctx: KoaContextWithOIDC | undefined, feature: Feature, metadata: ClientMetadata): void {
  const announced = ctx && metadata[required[feature]] === true
  const given: Usage = usages.find(usage => usage === metadata[feature]) ?? 'off'
  const usage = announced ? 'required' : given === 'off' && announcesAlgorithm(feature, metadata) ? 'allowed' : given
  metadata[feature] = usage
  metadata[required[feature]] = usage === 'required'
  if (feature === 'request_objects' && usage !== 'off' && !metadata.jwks && !metadata.jwks_uri) {
    throw new errors.InvalidClientMetadata('jwks is mandatory for clients with request objects')
  }
}

const announcesAlgorithm = (feature: Feature, metadata: ClientMetadata) =>
  feature === 'request_objects' && metadata.request_object_signing_alg !== undefined

/** The URL is shown in a frame of our page, so it has to be one that the client has shown to be its own. */
// https://openid.net/specs/openid-connect-frontchannel-1_0.html#RPLogout
function checkFrontChannelUri (value: unknown, { redirect_uris: redirectUris }: ClientMetadata): void {
  const url = URL.parse(String(value))
  if (!url || !/^https?:$/.test(url.protocol)) throw new errors.InvalidClientMetadata('frontchannel_logout_uri must be a web uri')
  const origins = [redirectUris ?? []].flat().map(uri => URL.parse(uri)?.origin)
  if (!origins.includes(url.origin)) {
    throw new errors.InvalidClientMetadata('frontchannel_logout_uri must have scheme, host and port of one of the redirect_uris')
  }
}

/** As of clients that come in another way. */
function limitRedirectUris (metadata: ClientMetadata): void {
  for (const field of ['redirect_uris', 'post_logout_redirect_uris'] as const) {
    const uris = metadata[field]
    if (!Array.isArray(uris)) continue
    if (uris.length > mostRedirectUris) throw new errors.InvalidClientMetadata(`${field} must be no more than ${mostRedirectUris}`)
    if (uris.some(uri => String(uri).length > longestRedirectUri)) {
      throw new errors.InvalidClientMetadata(`${field} must have no more than ${longestRedirectUri} characters each`)
    }
  }
}

/** A client that never sends a browser to the authorization endpoint needs no redirect URI. */
function settleResponseTypes (metadata: ClientMetadata): void {
  // Of another type it is refused later.
  if (Array.isArray(metadata.grant_types) && !metadata.grant_types.includes('authorization_code')) metadata.response_types = []
}

/** Some characters of what is no host name would mean something in the Content-Security-Policy of pages. */
function checkHostNames (metadata: ClientMetadata): void {
  for (const field of ['redirect_uris', 'post_logout_redirect_uris', 'frontchannel_logout_uri'] as const) {
    const uris = [metadata[field] ?? []].flat()
    if (uris.some(uri => /[;,'"]/.test(URL.parse(String(uri))?.host ?? ''))) {
      throw new errors.InvalidClientMetadata(`${field} must have host names of letters, digits and hyphens`)
    }
  }
}
