import { hash } from 'node:crypto'
import { compare, core, textOf, type SignInCheck } from '../check.ts'

export const idTokenAtHash: SignInCheck = {
  name: 'id-token-at-hash',
  by: 'relying party',
  demands: 'Where the ID token has a hash of the access token, it is that of the one beside it.',
  specification: core('3.1.3.8', 'CodeFlowTokenValidation'),
  examine ({ idToken, tokens }) {
    const accessToken = tokens && textOf(tokens.answer['access_token'])
    const atHash = idToken?.payload['at_hash']
    if (!accessToken || atHash === undefined || !/^(RS|PS|ES)256$/.test(idToken?.header.alg ?? '')) return undefined
    return compare(tokens!, hash('sha256', accessToken, 'buffer').subarray(0, 16).toString('base64url'), atHash)
  }
}
