import { refusedUnderFaults } from '../play/real-relying-party.ts'
import { lureOfStolenCode, movesOfStolenCode } from '../play/stolen-code.ts'
import type { Lesson } from '../lesson.ts'

export const whichSignIn: Lesson = {
  number: 6,
  slug: 'which-sign-in',
  title: 'Which sign-in is this token for?',
  buildsOn: [4, 5],
  about: [
    'With each authorization request the site sends a [[nonce]], which it has made up. The [[provider]] writes it into the [[ID token]]. So the token says not only who has ' +
    'signed in, but in answer to which request.',
    'Mallory plays the attack of lesson 4 again: a [[code]] of Alice’s that nobody has redeemed, in a sign-in of his own. This shop does send a [[code challenge]]. But now the ' +
    'provider is careless, and takes any [[code verifier]]. A site can see that a provider offers [[PKCE]], and not whether it looks.',
    'What comes for her code is her ID token, with the nonce of *her* request. Whoever compares it with that of Mallory’s request sees it at once, whatever the provider ' +
    'does. Nothing else in the token is wrong: [[issuer]], [[audience]], [[signature]] and time are as they must be.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 3.1.3.7, step 11', url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation' },
    { title: 'RFC 9700, section 4.5.3.2', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.5.3.2' }
  ],
  weakness: { checks: ['compares-nonce'], rules: ['code-verifier-wrong'] },
  mends: ['compares-nonce'],
  choice: 'checks',
  moves: movesOfStolenCode,
  lure: lureOfStolenCode,
  gain: 'Alice’s account, in his own browser',
  hints: [
    'The ID token is good. But for which of the two sign-ins was it made?',
    'Compare `nonce` in Mallory’s authorization request, which is in the picture once you choose “mallory” above it, with `nonce` in the ID token that the shop gets for him.'
  ],
  solution: 'The site keeps the nonce with the state, and refuses an ID token with another one, or with none.',
  refusal: 'The callback answers that the ID token was made for another sign-in.',
  onRealRelyingParty: play => refusedUnderFaults(play.scene, {
    'id-token-invalid-nonce': 'An ID token with another nonce', 'id-token-missing-nonce': 'One without a nonce'
  })
}
