import type { Lesson } from '../lesson.ts'

export const honestSignIn: Lesson = {
  number: 0,
  slug: 'honest-sign-in',
  title: 'Watch an honest sign-in',
  buildsOn: [],
  about: [
    'A shop wants to know who its customers are, and does not want their passwords. So it sends the browser to a [[provider]] which knows them. ' +
    'There Alice says who she is. The provider sends the browser back with a [[code]], good once, and not for long.',
    'The shop takes the code to the provider itself, from server to server, and gets an [[ID token]]: signed, and saying who has signed in. The ' +
    'browser has seen the code, and no token.',
    'Sign in, and find in the picture: where the browser leaves the shop (there: the application), where Alice says who she is, where the code comes back, and where it is redeemed. Single ' +
    'lines go through the browser, the [[front channel]]; double ones from server to server, the [[back channel]]. Open a message, and point at a value: every place where it appears lights up.'
  ],
  sources: [{ title: 'OpenID Connect Core 1.0, section 3.1', url: 'https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth' }],
  weakness: {},
  mends: [],
  choice: 'checks',
  moves: [],
  gain: 'nothing: there is no attack here',
  hints: ['The first message goes from the browser to the shop: its answer is a redirect to the provider.', 'The arrow with `POST /token` is the one that the browser does not see.'],
  solution: 'Browser to shop, browser to provider, back with the code, and the shop to the provider with the code.',
  refusal: ''
}
