import { core, idTokenCheck } from '../check.ts'

export const idTokenIat = idTokenCheck({
  name: 'id-token-iat',
  demands: 'The ID token says when it was made.',
  specification: core('2', 'IDToken'),
  expected: () => 'a time',
  found: ({ payload }) => payload.iat,
  isMet: iat => typeof iat === 'number'
})
