import { errors, Provider, type Client, type KoaContextWithOIDC } from 'oidc-provider'
import { isOff } from '../../clients/client-metadata.ts'
import { promptValues } from '../interaction-policy.ts'

/** Refuse to a client what it does not use, in the words of a provider that cannot do it. */
export function refuseUnusedFeatures (provider: Provider): void {
  const { OIDCContext, PushedAuthorizationRequest, AuthorizationCode } = provider

  const { entity } = OIDCContext.prototype
  OIDCContext.prototype.entity = function (this: KoaContextWithOIDC['oidc'] & { ctx: KoaContextWithOIDC }, key, value) {
    entity.call(this, key, value)
    if (key === 'Client' && value) settle(this.ctx, value as Client)
  }

  const { save: savePushed } = PushedAuthorizationRequest.prototype
  PushedAuthorizationRequest.prototype.save = async function (ttl) {
    if (isOff(Provider.ctx?.oidc.client, 'pushed_authorization_requests')) {
      throw new errors.UnauthorizedClient('this client does not use pushed authorization requests')
    }
    return savePushed.call(this, ttl)
  }

  // A request that asks for a bound code is one that asks for nothing where nothing is bound.
  const { save: saveCode } = AuthorizationCode.prototype
  AuthorizationCode.prototype.save = async function (this: typeof AuthorizationCode.prototype) {
    if (isOff(Provider.ctx?.oidc.client, 'dpop')) delete this['dpopJkt']
    return saveCode.call(this)
  }
}

/** As soon as it is known whose request this is. */
function settle (ctx: KoaContextWithOIDC, client: Client): void {
  const { route, params = {} } = ctx.oidc
  const { request, request_uri: requestUri } = params
  const isRequest = ['authorization', 'device_authorization'].includes(route)
  refuseUnknownPrompts(params['prompt'] ?? ctx.oidc.body?.['prompt'])
  if (isRequest && request !== undefined && isOff(client, 'request_objects')) throw new errors.RequestNotSupported()
  if (isRequest && requestUri !== undefined && isOff(client, 'pushed_authorization_requests')) {
    throw new errors.RequestUriNotSupported()
  }
  if (isOff(client, 'dpop')) hideProof(ctx)
}

/**
 * In words that name it, where oidc-provider says that some value is not supported.
 *
 * @see https://openid.net/specs/openid-connect-prompt-create-1_0.html#name-authorization-request
 */
function refuseUnknownPrompts (prompt: unknown): void {
  const unknown = typeof prompt === 'string' && prompt.split(' ').find(value => !promptValues.includes(value))
  if (unknown) throw new errors.InvalidRequest(`prompt=${unknown} is not supported; prompt may be ${promptValues.join(', ')}`)
}

/**
 * A server without DPoP does not look at the proof; from `token_type` the client learns that the token is a Bearer token.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
 */
function hideProof (ctx: KoaContextWithOIDC): void {
  const get = ctx.get.bind(ctx)
  ctx.get = field => field.toLowerCase() === 'dpop' ? '' : get(field)
}
