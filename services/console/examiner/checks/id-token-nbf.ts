import { compare, rfc, toleranceSeconds, type SignInCheck } from '../check.ts'

export const idTokenNbf: SignInCheck = {
  name: 'id-token-nbf',
  by: 'relying party',
  demands: 'Where the ID token says from when on it is valid, that has come.',
  specification: rfc(7519, '4.1.5'),
  examine ({ idToken, tokens }) {
    const nbf = idToken?.payload.nbf
    if (nbf === undefined) return undefined
    const now = Date.parse(tokens!.time) / 1_000
    return compare(tokens!, `by ${tokens!.time}`, new Date(nbf * 1_000).toISOString(), nbf <= now + toleranceSeconds)
  }
}
