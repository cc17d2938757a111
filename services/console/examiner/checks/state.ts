import { compare, rfc, textOf, type SignInCheck } from '../check.ts'

export const state: SignInCheck = {
  name: 'state',
  by: 'relying party',
  demands: 'The state comes back as it was sent: else this answers a request that somebody else began.',
  specification: rfc(6749, '10.12'),
  examine ({ asked, response }) {
    const sent = textOf(asked['state'])
    return response && sent !== undefined ? compare(response, sent, textOf(response.answer['state'])) : undefined
  }
}
