import { compare, rfc, type SignInCheck } from '../check.ts'

export const accessTokenInTime: SignInCheck = {
  name: 'access-token-in-time',
  by: 'provider',
  demands: 'An access token that has expired opens nothing.',
  specification: rfc(6750, '3.1'),
  examine ({ tokens, refreshes, userinfo }) {
    const issued = [...tokens ? [tokens] : [], ...refreshes.map(({ message }) => message)]
    const verdicts = userinfo.filter(({ status }) => status === 200).flatMap(message => {
      const { answer, time } = issued.find(({ answer }) => answer['access_token'] === message.parameters['access_token'])!
      const seconds = Math.round((Date.parse(message.time) - Date.parse(time)) / 1_000)
      const lifetimeSeconds = answer['expires_in']
      return typeof lifetimeSeconds === 'number' ? compare(message, `within ${lifetimeSeconds} s`, `after ${seconds} s`, seconds <= lifetimeSeconds) : []
    })
    return verdicts.find(({ ok }) => !ok) ?? verdicts.at(-1)
  }
}
