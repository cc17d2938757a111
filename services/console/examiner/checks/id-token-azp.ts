import { compare, core, type SignInCheck } from '../check.ts'

export const idTokenAzp: SignInCheck = {
  name: 'id-token-azp',
  by: 'relying party',
  demands: 'Where the ID token names the party that it was issued to, that is this client.',
  specification: core('3.1.3.7, step 5', 'IDTokenValidation'),
  examine: ({ idToken, tokens, clientId }) => idToken?.payload['azp'] === undefined ? undefined : compare(tokens!, clientId, idToken.payload['azp'])
}
