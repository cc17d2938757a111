import { compare, rfc, textOf, type SignInCheck } from '../check.ts'

export const redirectUriRepeated: SignInCheck = {
  name: 'redirect-uri-repeated',
  by: 'provider',
  demands: 'Whoever redeems a code names the redirect URI that it was sent to.',
  specification: rfc(6749, '4.1.3'),
  examine ({ asked: { redirect_uri: uri }, redemption }) {
    const asked = textOf(uri)
    return redemption && asked !== undefined ? compare(redemption, asked, textOf(redemption.parameters['redirect_uri'])) : undefined
  }
}
