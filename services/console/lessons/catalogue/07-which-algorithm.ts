import { signedWithPublicKey, unsigned } from '../play/forgeries.ts'
import { entersCard, playsGame } from '../play/moves-of-alice.ts'
import { claimsAboutAlice, handOver } from '../play/one-tap.ts'
import { refusedUnderFaults } from '../play/real-relying-party.ts'
import { MoveRefused } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const refusal = 'refusal of the token without a signature'

export const whichAlgorithm: Lesson = {
  number: 7,
  slug: 'which-algorithm',
  title: 'Which algorithm?',
  buildsOn: [1],
  about: [
    'The header of an [[ID token]] names the [[algorithm]] of its [[signature]]. But whoever writes a token writes its header as well. The site has to know ' +
    'beforehand how its [[provider]] signs, and take nothing else.',
    'This shop also takes an ID token that comes through the browser: a page posts it to `/one-tap`, as buttons do that sign in by one tap. It checks each signature, by whatever algorithm the token names. Mallory names two:',
    '`none`: there is no signature, and so nothing to check.',
    '`HS256`: the same secret signs and checks. The shop checks with the key that it has, the provider’s *public* key. Everybody has that key, so everybody can sign.',
    'He still needs Alice’s [[subject]], and that is no secret: this provider gives each application the same one. She signs in to his game, and it is in ' +
    'the token that he gets.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 3.1.3.7, step 7', url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation' },
    { title: 'RFC 8725, section 2.1', url: 'https://www.rfc-editor.org/rfc/rfc8725#section-2.1' },
    { title: 'RFC 8725, section 3.1', url: 'https://www.rfc-editor.org/rfc/rfc8725#section-3.1' }
  ],
  weakness: { checks: ['pins-alg'] },
  mends: ['pins-alg'],
  choice: 'checks',
  moves: [
    entersCard,
    playsGame,
    {
      name: 'leave-unsigned',
      by: 'mallory',
      says: 'Write an ID token about Alice for the shop, with the algorithm “none”, and hand it over',
      async run (play) {
        const claims = claimsAboutAlice(play)
        play.says(`Her subject is ${claims.sub}: it stands in the ID token that my game has got.`)
        delete play.scene.state.kept[refusal]
        try {
          await handOver(play, unsigned(claims), 'that nobody has signed')
        } catch (error) {
          // Who looks for “none” alone has not looked for the next move.
          if (!(error instanceof MoveRefused)) throw error
          play.keep(refusal, error.message)
          play.says(`Refused: ${error.message} There is another way.`)
        }
      }
    },
    {
      name: 'sign-with-public-key',
      by: 'mallory',
      says: 'Sign one with HS256, the provider’s public key being the secret, and hand it over',
      async run (play) {
        const [key] = await play.publishedKeys()
        try {
          await handOver(play, await signedWithPublicKey(claimsAboutAlice(play), key!), 'that I have signed with the provider’s public key')
        } catch (error) {
          if (!(error instanceof MoveRefused)) throw error
          const refusals = [play.scene.state.kept[refusal], error.message].filter(words => words !== undefined)
          throw new MoveRefused([...new Set(refusals)].join(' '))
        }
      }
    }
  ],
  gain: 'Alice’s account, or anybody’s, without a password',
  hints: [
    'The shop has checked both signatures, and both were right. Right by what?',
    'Look at the headers of the two tokens, and of an honest one. Who chooses how the shop checks a signature?'
  ],
  solution: 'The site knows how its provider signs, here by RS256, and refuses each token that names another algorithm.',
  refusal: 'The shop answers that this provider signs with RS256.',
  onRealRelyingParty: play => refusedUnderFaults(play.scene, {
    'id-token-alg-none': 'An ID token without a signature', 'id-token-hs256-with-public-key': 'One that is signed by HS256 with the public key'
  })
}
