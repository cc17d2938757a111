import { compare, rfc, type SignInCheck } from '../check.ts'

export const codeOnce: SignInCheck = {
  name: 'code-once',
  by: 'provider',
  demands: 'A code brings tokens once.',
  specification: rfc(6749, '4.1.2'),
  examine ({ redemptions, tokens }) {
    const brought = redemptions.filter(({ answer }) => answer['access_token'] !== undefined).length
    return tokens && compare(tokens, 'tokens once', brought === 1 ? 'tokens once' : `tokens ${brought} times`)
  }
}
