import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Provider } from 'oidc-provider'
import type { Realm } from '../realm.ts'
import { canBeRegistered } from './authorization-request.ts'
import { isPermissive, note } from './permissive-client.ts'

/** Lets pass a forged `id_token_hint` and a way back that is not registered. */
export function permitSignOut (provider: Provider, realm: Realm): void {
  const { Client: { prototype }, IdToken } = provider

  const validate = IdToken.validate.bind(IdToken)
  IdToken.validate = async (jwt, client) => {
    try {
      return await validate(jwt, client)
    } catch (error) {
      if (Provider.ctx?.oidc.route !== 'end_session' || !isPermissive(realm, client.clientId)) throw error
      note('id-token-hint-forged', `id_token_hint is not one of this provider: ${(error as Error).message}`)
      return { header: { ...decodeProtectedHeader(jwt) }, payload: decodeJwt(jwt) }
    }
  }

  const { postLogoutRedirectUriAllowed } = prototype
  prototype.postLogoutRedirectUriAllowed = function (uri) {
    if (postLogoutRedirectUriAllowed.call(this, uri)) return true
    if (!isPermissive(realm, this.clientId) || !canBeRegistered(uri)) return false
    note('post-logout-redirect-uri-not-registered', `the client has not registered ${uri}`)
    return true
  }
}
