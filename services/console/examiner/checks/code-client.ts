import { compare, rfc, type SignInCheck } from '../check.ts'

export const codeClient: SignInCheck = {
  name: 'code-client',
  by: 'provider',
  demands: 'A code is redeemed by the client that it was issued to.',
  specification: rfc(6749, '4.1.3'),
  examine ({ redemptions, clientId }) {
    const message = redemptions.find(({ client_id: client }) => client !== clientId) ?? redemptions.at(-1)
    return message && compare(message, clientId, message.client_id)
  }
}
