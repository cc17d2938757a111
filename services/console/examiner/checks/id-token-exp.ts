import { compare, core, type SignInCheck } from '../check.ts'

export const idTokenExp: SignInCheck = {
  name: 'id-token-exp',
  by: 'relying party',
  demands: 'The ID token has not expired.',
  specification: core('3.1.3.7, step 9', 'IDTokenValidation'),
  examine ({ idToken, tokens }) {
    if (!idToken) return undefined
    const [exp, now] = [idToken.payload.exp, Date.parse(tokens!.time) / 1_000]
    return compare(tokens!, `after ${tokens!.time}`, exp && new Date(exp * 1_000).toISOString(), typeof exp === 'number' && exp > now)
  }
}
