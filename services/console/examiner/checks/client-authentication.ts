import { clientOf, compare, core, rfc, textOf, type SignInCheck } from '../check.ts'

export const clientAuthentication: SignInCheck = {
  name: 'client-authentication',
  by: 'provider',
  demands: 'A client authenticates by the method that it has registered, and no weaker one.',
  specification: core('9', 'ClientAuthentication'),
  examine ({ redemption, clientId }, knowledge) {
    const registered = clientOf(knowledge, clientId)?.token_endpoint_auth_method
    return redemption && registered !== undefined ? compare(redemption, registered, textOf(redemption.parameters['token_endpoint_auth_method'])) : undefined
  }
}

export const clientSecret: SignInCheck = {
  name: 'client-secret',
  by: 'provider',
  demands: 'Tokens are for a client that knows its secret: else whoever finds a code redeems it.',
  specification: rfc(6749, '3.2.1'),
  examine ({ redemption, clientId }, knowledge) {
    const { token_endpoint_auth_method: method, client_secret: secret } = clientOf(knowledge, clientId) ?? {}
    const sent = redemption && textOf(redemption.parameters['client_secret'])
    if (!redemption || !method?.startsWith('client_secret') || sent === undefined) return undefined
    return { ok: sent === secret, expected: 'the secret of the client', found: sent === secret ? 'the secret of the client' : 'another', message: redemption }
  }
}
