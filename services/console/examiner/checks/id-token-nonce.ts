import { compare, core, textOf, type SignInCheck } from '../check.ts'

export const idTokenNonce: SignInCheck = {
  name: 'id-token-nonce',
  by: 'relying party',
  demands: 'The nonce is the one of the authorization request: else this is the ID token of another sign-in.',
  specification: core('3.1.3.7, step 11', 'IDTokenValidation'),
  examine ({ asked, idToken, tokens }) {
    const [sent, found] = [textOf(asked['nonce']), idToken?.payload['nonce']]
    return idToken && (sent !== undefined || found !== undefined) ? compare(tokens!, sent, found) : undefined
  }
}
