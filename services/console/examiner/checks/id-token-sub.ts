import { core, idTokenCheck } from '../check.ts'

export const idTokenSub = idTokenCheck({
  name: 'id-token-sub',
  demands: 'The ID token says whom it is about.',
  specification: core('2', 'IDToken'),
  expected: () => 'who it is',
  found: ({ payload }) => payload.sub,
  isMet: sub => typeof sub === 'string' && sub !== ''
})
