import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Provider } from 'oidc-provider'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'
import { canBeRegistered } from './permit-authorization-requests.ts'

/** Lets pass a forged `id_token_hint` and a way back that is not registered. */
export function permitSignOut (provider: Provider, permissive: PermissiveClients): void {
  const { Client: { prototype }, IdToken } = provider

  const validate = IdToken.validate.bind(IdToken)
  IdToken.validate = async (jwt, client) => {
    try {
      return await validate(jwt, client)
    } catch (error) {
      if (Provider.ctx?.oidc.route !== 'end_session' || !permissive.lets('id-token-hint-forged', client.clientId)) throw error
      noteViolation('id-token-hint-forged', `id_token_hint is not one of this provider: ${(error as Error).message}`)
      return { header: { ...decodeProtectedHeader(jwt) }, payload: decodeJwt(jwt) }
    }
  }

  const { postLogoutRedirectUriAllowed } = prototype
  prototype.postLogoutRedirectUriAllowed = function (uri) {
    if (postLogoutRedirectUriAllowed.call(this, uri)) return true
    const rule = 'post-logout-redirect-uri-not-registered'
    if (!permissive.lets(rule, this.clientId) || !canBeRegistered(uri)) return false
    noteViolation(rule, `the client has not registered ${uri}`)
    return true
  }
}
