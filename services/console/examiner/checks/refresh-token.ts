import { compare, rfc, type SignInCheck } from '../check.ts'

export const refreshTokenOnce: SignInCheck = {
  name: 'refresh-token-once',
  by: 'provider',
  demands: 'A refresh token that was replaced brings nothing more: its second use shows that somebody has a copy.',
  specification: rfc(9700, '4.14.2'),
  examine ({ refreshes }) {
    const replaced = new Set<unknown>()
    for (const { message } of refreshes) {
      const { parameters: { refresh_token: used }, answer } = message
      if (answer['access_token'] === undefined) continue
      if (replaced.has(used)) return compare(message, 'one that was not replaced', 'one that was replaced before')
      if (answer['refresh_token'] !== undefined && answer['refresh_token'] !== used) replaced.add(used)
    }
    const last = refreshes.at(-1)?.message
    return last && compare(last, 'one that was not replaced', 'one that was not replaced')
  }
}

export const refreshTokenClient: SignInCheck = {
  name: 'refresh-token-client',
  by: 'provider',
  demands: 'A refresh token is good for the client that it was issued to.',
  specification: rfc(6749, '10.4'),
  examine ({ refreshes, clientId }) {
    const message = (refreshes.find(({ message: { client_id: client } }) => client !== clientId) ?? refreshes.at(-1))?.message
    return message && compare(message, clientId, message.client_id)
  }
}
