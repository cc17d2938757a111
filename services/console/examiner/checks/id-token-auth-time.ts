import { compare, core, textOf, toleranceSeconds, type SignInCheck } from '../check.ts'

export const idTokenAuthTime: SignInCheck = {
  name: 'id-token-auth-time',
  by: 'relying party',
  demands: 'Whoever asks for a sign-in that is no older than so many seconds looks at when it was.',
  specification: core('3.1.3.7, step 13', 'IDTokenValidation'),
  examine ({ asked, idToken, tokens }) {
    const maxAge = textOf(asked['max_age'])
    if (!idToken || maxAge === undefined) return undefined
    const { auth_time: authTime } = idToken.payload
    const oldest = Date.parse(tokens!.time) / 1_000 - Number(maxAge) - toleranceSeconds
    return compare(tokens!, `no more than ${maxAge} s ago`, authTime === undefined ? undefined : `${Math.round(Date.parse(tokens!.time) / 1_000 - Number(authTime))} s ago`,
      typeof authTime === 'number' && authTime >= oldest)
  }
}
