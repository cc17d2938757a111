import { core, idTokenCheck } from '../check.ts'

export const idTokenIss = idTokenCheck({
  name: 'id-token-iss',
  demands: 'The ID token is of the provider that was asked.',
  specification: core('3.1.3.7, step 2', 'IDTokenValidation'),
  expected: (_signIn, { issuer }) => issuer,
  found: ({ payload }) => payload.iss
})
