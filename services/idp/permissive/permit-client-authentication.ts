import { Provider, type Client } from 'oidc-provider'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'

const clientsAuthenticateAt = new Set([
  'token', 'introspection', 'revocation', 'pushed_authorization_request', 'device_authorization'
])
const bySecret = ['client_secret_basic', 'client_secret_post']

/**
 * Lets pass a client that does not authenticate, or by a secret that is wrong or that it should not have. A wrong assertion
 * stays refused.
 */
export function permitClientAuthentication ({ Client: { prototype } }: Provider, permissive: PermissiveClients): void {
  const { compareClientSecret } = prototype
  prototype.compareClientSecret = async function (secret) {
    const right = this.clientSecret !== undefined && await compareClientSecret.call(this, secret)
    // Where it has none to compare, that it comes with a secret at all is what was let pass.
    const rule = this.clientSecret === undefined ? 'client-authentication-method' : 'client-secret-wrong'
    if (right || !permissive.lets(rule, this.clientId)) return right
    if (this.clientSecret !== undefined) noteViolation('client-secret-wrong', 'client_secret is not that of the client')
    return true
  }

  Object.defineProperty(prototype, 'clientAuthMethod', {
    configurable: true,
    get (this: Client) {
      return methodFor(this, permissive)
    }
  })
}

/** What oidc-provider is to hold the client to: the method that it is registered for or, where it comes with less, that. */
function methodFor (client: Client, permissive: PermissiveClients): string {
  const registered = String(client.tokenEndpointAuthMethod)
  const { ctx } = Provider
  if (!ctx || ctx.oidc.client !== client || !clientsAuthenticateAt.has(ctx.oidc.route)) return registered
  const { client_secret: secret, client_assertion: assertion } = ctx.oidc.params ?? {}
  const { authorization, 'oauth-client-attestation': attestation } = ctx.headers

  if (secret !== undefined || authorization !== undefined) {
    if (bySecret.includes(registered) || !permissive.lets('client-authentication-method', client.clientId)) return registered
    noteViolation('client-authentication-method', `the client authenticated with a secret, and is registered for ${registered}`)
    return 'client_secret_basic'
  }
  if (registered === 'none' || assertion !== undefined || attestation !== undefined) return registered
  if (!permissive.lets('client-authentication-missing', client.clientId)) return registered
  noteViolation('client-authentication-missing', `the client did not authenticate, and is registered for ${registered}`)
  return 'none'
}
