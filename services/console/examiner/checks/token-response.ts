import { compare, rfc, type SignInCheck } from '../check.ts'

export const tokenResponse: SignInCheck = {
  name: 'token-response',
  by: 'relying party',
  demands: 'Tokens come as JSON, and say that they are.',
  specification: rfc(6749, '5.1'),
  mayGoOn: true,
  examine ({ redemptions }) {
    const answered = redemptions.findLast(({ status }) => status === 200)
    if (!answered) return undefined
    const type = String(answered.answerHeaders['content-type']).split(';', 1)[0]
    return compare(answered, 'application/json', type)
  }
}
