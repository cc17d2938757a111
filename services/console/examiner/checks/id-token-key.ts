import { compare, core, type SignInCheck } from '../check.ts'

export const idTokenKey: SignInCheck = {
  name: 'id-token-key',
  by: 'relying party',
  demands: 'The key is one that the provider published; without a name for it, there is but one that it can be.',
  specification: core('10.1', 'Signing'),
  examine ({ idToken, tokens }, { keys }) {
    if (!idToken || idToken.header.alg === 'none' || idToken.header.alg?.startsWith('HS')) return undefined
    const { kid, alg } = idToken.header
    const fitting = keys.filter(key => kid === undefined ? key.alg === alg : key.kid === kid)
    const expected = keys.map(key => key.kid).join(' or ')
    return compare(tokens!, expected, kid ?? `none, of ${fitting.length} keys`, kid === undefined ? fitting.length === 1 : fitting.length > 0)
  }
}
