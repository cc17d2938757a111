import { compare, rfc, textOf, type SignInCheck } from '../check.ts'

export const issuerParameter: SignInCheck = {
  name: 'issuer-parameter',
  by: 'relying party',
  demands: 'The answer says whose it is: else the code of one provider is redeemed at another (mix-up).',
  specification: rfc(9207, '2.4'),
  examine: ({ response }, { issuer }) => response && compare(response, issuer, textOf(response.answer['iss']))
}
