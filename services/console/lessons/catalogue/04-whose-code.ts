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
    'A [[code]] can leak before it is redeemed. Mallory’s link plants a cookie in Alice’s browser, so that the shop does not know it again, and refuses. Its error ' +
    'page shows a picture from his host, and lets browsers say in `Referer` which page that is for: the callback, with her code.',
    'He cannot redeem it himself, without the [[client secret]]. So he lets the shop do it: he begins a sign-in in his own browser, and puts Alice’s code into the ' +
    'answer. That is called code injection. The [[state]] is right: it is his own.',
    'With [[PKCE]] each code belongs to a [[code verifier]] made up for one sign-in. In Mallory’s it brings another, and the [[provider]] refuses.',
    'The [[nonce]] of lesson 6 shows it as well, in the [[ID token]]. A client with a secret needs one of the two, rather PKCE; one without needs PKCE.'
  ],
  sources: [
    { title: 'RFC 9700, section 4.2.1', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.2.1' },
    { title: 'RFC 9700, section 2.1.1', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1' },
    { title: 'RFC 9700, section 4.5', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.5' },
    { title: 'RFC 7636, section 4.6', url: 'https://www.rfc-editor.org/rfc/rfc7636#section-4.6' }
  ],
  weakness: { checks: ['sends-pkce', 'compares-nonce'], rules: ['pkce-missing'] },
  mends: ['sends-pkce', 'compares-nonce'],
  choice: 'checks',
  moves: movesOfStolenCode,
  lure: lureOfStolenCode,
  gain: 'Alice’s account, in his own browser',
  hints: [
    'Compare Alice’s authorization request, `GET /auth`, with the token request that the shop sends for Mallory. By what could the provider see that they do not belong together?',
    'Look for `code_challenge` in the authorization request, and `code_verifier` in the token request. There is neither.'
  ],
  solution: 'The site sends a code challenge with each authorization request, and brings the code verifier of that very sign-in along with the code. Or it compares the nonce, as in lesson 6.',
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
