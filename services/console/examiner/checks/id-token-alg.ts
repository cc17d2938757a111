import { algOf, core, idTokenCheck } from '../check.ts'

export const idTokenAlg = idTokenCheck({
  name: 'id-token-alg',
  demands: 'The signature algorithm is the one that was registered: a token does not choose how it is checked.',
  specification: core('3.1.3.7, step 7', 'IDTokenValidation'),
  expected: ({ clientId }, knowledge) => algOf(knowledge, clientId),
  found: ({ header }) => header.alg
})
