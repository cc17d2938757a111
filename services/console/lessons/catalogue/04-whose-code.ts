import { refusedByReal, type RealSite } from '../play/real-relying-party.ts'
import { lureOfStolenCode, movesOfStolenCode } from '../play/stolen-code.ts'
import { Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

export const whoseCode: Lesson = {
  number: 4,
  slug: 'whose-code',
  title: 'Whose code is it?',
  buildsOn: [3],
  about: [
    'A [[code]] can leak before it is redeemed. Here a planted cookie has the shop refuse Alice’s answer. Its error page shows a picture from Mallory’s host, and her browser ' +
    'tells him in `Referer` which page that is for: the callback, with her code.',
    'He cannot redeem it himself, without the [[client secret]]. So he lets the shop do it: he begins a sign-in in his own browser, and puts Alice’s code into the ' +
    'answer. That is called code injection, and the [[state]] is right, as it is his own.',
    'With [[PKCE]] each code belongs to a [[code verifier]], which the shop has made up for one sign-in. In Mallory’s it brings another, and the [[provider]] refuses.',
    'The [[nonce]] of lesson 6 shows it as well, in the [[ID token]]. Confidential clients need one of the two at least; PKCE is recommended, as it works at the provider.'
  ],
  sources: [
    { title: 'RFC 9700, section 2.1.1', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1' },
    { title: 'RFC 9700, section 4.5', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.5' },
    { title: 'RFC 7636', url: 'https://www.rfc-editor.org/rfc/rfc7636' }
  ],
  weakness: { checks: ['sends-pkce', 'compares-nonce'], rules: ['pkce-missing'] },
  mends: ['sends-pkce', 'compares-nonce'],
  choice: 'checks',
  moves: movesOfStolenCode,
  lure: lureOfStolenCode,
  gain: 'Alice’s account, in his own browser',
  hints: [
    'Compare Alice’s authorization request with Mallory’s token request. What of hers would the shop need that it does not have in his sign-in?',
    'Look for `code_challenge` in the authorization request, and `code_verifier` in the token request. There is neither.'
  ],
  solution: 'The site sends a code challenge with each authorization request, and brings the code verifier of that very sign-in along with the code.',
  refusal: 'The provider answers that the code verifier does not fit the code.',
  onRealRelyingParty: play => refusedByReal(play.scene, injectsCode)
}

async function injectsCode ({ app, idp, username }: RealSite) {
  const attacker = `${username}-mallory`
  await idp.putUser(attacker, { claims: { name: 'Mallory' } })
  try {
    const stopAt = (url: string) => url.startsWith(`${app}/callback`)
    const mallory = new Visitor()
    const [stolen, own] = [await new Visitor().visit(`${app}/login`, { as: username, stopAt }), await mallory.visit(`${app}/login`, { as: attacker, stopAt })]
    const answer = new URL(own.url)
    answer.searchParams.set('code', new URL(stolen.url).searchParams.get('code')!)
    return await mallory.open(answer.href)
  } finally {
    await idp.removeUser(attacker)
  }
}
