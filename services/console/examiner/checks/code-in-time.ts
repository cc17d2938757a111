import { compare, rfc, type SignInCheck } from '../check.ts'

const maxSeconds = 600

export const codeInTime: SignInCheck = {
  name: 'code-in-time',
  by: 'provider',
  demands: 'A code is good for ten minutes at most: what lies in a log or a history is worth nothing.',
  specification: rfc(6749, '4.1.2'),
  examine ({ response, redemption }) {
    if (!response || !redemption) return undefined
    const seconds = Math.round((Date.parse(redemption.time) - Date.parse(response.time)) / 1_000)
    return compare(redemption, `within ${maxSeconds} s`, `after ${seconds} s`, seconds <= maxSeconds)
  }
}
