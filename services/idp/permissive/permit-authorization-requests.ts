import { createHash } from 'node:crypto'
import { Provider, type Client, type KoaContextWithOIDC } from 'oidc-provider'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'

/** Parameters that oidc-provider does not take without the scope `openid`. */
const ofOpenId = ['acr_values', 'claims', 'claims_locales', 'id_token_hint', 'max_age', 'nonce']

/** Whether a client must use PKCE, as oidc-provider's `pkce.required`; asked where a request has no `code_challenge`. */
export function pkceRequired (permissive: PermissiveClients) {
  return (_ctx: KoaContextWithOIDC, client: Client): boolean => {
    if (!permissive.lets('pkce-missing', client.clientId)) return true
    noteViolation('pkce-missing', 'there is no code_challenge')
    return false
  }
}

/**
 * Lets pass a redirect URI or scope that is not registered, and PKCE by `plain`.
 *
 * @param isKnownScope whether the provider has a scope of this name
 */
export function permitAuthorizationRequests (
  { Client: { prototype } }: Provider, permissive: PermissiveClients, isKnownScope: (scope: string) => boolean
): void {
  const setAside = new WeakMap<KoaContextWithOIDC, string[]>()

  // Both are asked once all parameters are known, those of a pushed request included: this one before the scope is looked
  // at and the other after that, right before PKCE is.
  const { responseTypeAllowed, redirectUriAllowed } = prototype
  prototype.responseTypeAllowed = function (responseType) {
    const { ctx } = Provider
    if (ctx?.oidc.params && permissive.lets('scope-not-registered', this.clientId)) {
      const asked = [...ctx.oidc.requestParamScopes]
      const scopes = unregisteredScopes(asked, this.scope).filter(isKnownScope)
      if (scopes.length > 0) {
        setAside.set(ctx, scopes)
        ctx.oidc.params['scope'] = asked.filter(scope => !scopes.includes(scope)).join(' ') || undefined
      }
    }
    if (ctx?.oidc.params && permissive.lets('openid-scope-missing', this.clientId)) addOpenId(ctx.oidc.params)
    if (ctx?.oidc.params && permissive.lets('pkce-plain', this.clientId)) hashPlainChallenge(ctx.oidc.params)
    return responseTypeAllowed.call(this, responseType)
  }

  prototype.redirectUriAllowed = function (redirectUri) {
    const { ctx } = Provider
    const scopes = ctx && setAside.get(ctx)
    if (scopes) {
      noteViolation('scope-not-registered', `the client is not registered for ${scopes.join(' ')}`)
      ctx.oidc.params!['scope'] = [...ctx.oidc.requestParamScopes, ...scopes].join(' ')
      setAside.delete(ctx)
    }
    if (redirectUriAllowed.call(this, redirectUri)) return true
    if (!permissive.lets('redirect-uri-not-registered', this.clientId) || !canBeRegistered(redirectUri)) return false
    noteViolation('redirect-uri-not-registered', `the client has not registered ${redirectUri}`)
    return true
  }
}

/** Whether it is a URI that a client of this provider could have registered. */
export const canBeRegistered = (uri: string): boolean => /^https?:\/\/[^\s#]+$/.test(uri) && URL.canParse(uri)

// Scopes that the provider does not know are left out in strict mode too. `offline_access` needs more than to be asked for.
function unregisteredScopes (asked: string[], registered: string | undefined): string[] {
  const ownScopes = registered?.split(' ')
  return ownScopes ? asked.filter(scope => !ownScopes.includes(scope)) : []
}

function addOpenId (params: Record<string, unknown>): void {
  const scopes = params['scope'] === undefined ? [] : String(params['scope']).split(' ')
  const parameter = ofOpenId.find(name => params[name] !== undefined)
  if (scopes.includes('openid') || (scopes.length > 0 && parameter === undefined)) return
  noteViolation('openid-scope-missing', parameter ? `there is ${parameter}, but not the scope openid` : 'there is no scope')
  params['scope'] = ['openid', ...scopes].join(' ')
}

// By `plain`, the challenge is the verifier. So what `S256` makes of it is a challenge to the same verifier.
// https://www.rfc-editor.org/rfc/rfc7636#section-4.2
function hashPlainChallenge (params: Record<string, unknown>): void {
  const { code_challenge: challenge, code_challenge_method: method } = params
  if (challenge === undefined || (method !== undefined && method !== 'plain')) return
  noteViolation('pkce-plain', method === undefined ? 'there is no code_challenge_method' : 'code_challenge_method is plain')
  params['code_challenge'] = createHash('sha256').update(String(challenge)).digest('base64url')
  params['code_challenge_method'] = 'S256'
}
