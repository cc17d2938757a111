import { core, idTokenCheck } from '../check.ts'

export const idTokenAud = idTokenCheck({
  name: 'id-token-aud',
  demands: 'The ID token is for this client and for nobody whom it does not trust: else it was made for another application, which can use it here.',
  specification: core('3.1.3.7, step 3', 'IDTokenValidation'),
  expected: ({ clientId }) => clientId,
  found: ({ payload }) => payload.aud,
  isMet: (aud, clientId) => [aud].flat().every(one => one === clientId) && aud !== undefined
})
