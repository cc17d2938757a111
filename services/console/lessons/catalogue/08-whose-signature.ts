import { signedWithOwnKey } from '../play/forgeries.ts'
import { entersCard, playsGame } from '../play/moves-of-alice.ts'
import { claimsAboutAlice, handOver } from '../play/one-tap.ts'
import { refusedUnderFaults } from '../play/real-relying-party.ts'
import { MoveRefused } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

export const whoseSignature: Lesson = {
  number: 8,
  slug: 'whose-signature',
  title: 'Whose signature?',
  buildsOn: [7],
  about: [
    'An [[ID token]] is three parts of base64url: header, [[claim]]s, [[signature]]. Anybody can read it, and anybody can write one. Only the signature says ' +
    'who has: the [[provider]] signs with a private key that nobody else has, and publishes the public key that it can be checked with, in its [[key set]].',
    'Libraries have a function that decodes a token and another that verifies it: `decodeJwt` and `jwtVerify` in jose, for example. Both return the same claims. With ' +
    'the first the site works, in every test with honest people.',
    'Mallory makes a key pair of his own, writes that he is Alice, and signs.',
    'A token that the site itself has fetched from the token endpoint may be trusted because of TLS. Any other, as here at `/one-tap`, must be verified.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 3.1.3.7, step 6', url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation' },
    { title: 'OpenID Connect Core 1.0, section 10.1', url: 'https://openid.net/specs/openid-connect-core-1_0.html#Signing' }
  ],
  weakness: { checks: ['verifies-signature'] },
  mends: ['verifies-signature'],
  choice: 'checks',
  moves: [
    entersCard,
    playsGame,
    {
      name: 'sign',
      by: 'mallory',
      says: 'Write an ID token about Alice for the shop, sign it with a key of my own, and hand it over',
      async run (play) {
        const claims = claimsAboutAlice(play)
        play.says(`Her subject is ${claims.sub}: it stands in the ID token that my game has got.`)
        const [key] = await play.publishedKeys()
        const forged = {
          'that I have signed, under the name of the provider’s key': key!.kid,
          'that I have signed, under a name of my own': 'key-of-mallory'
        }
        const refusals: string[] = []
        for (const [how, kid] of Object.entries(forged)) {
          try {
            return await handOver(play, await signedWithOwnKey(claims, kid), how)
          } catch (error) {
            if (!(error instanceof MoveRefused)) throw error
            refusals.push(error.message)
          }
        }
        throw new MoveRefused([...new Set(refusals)].join(' '))
      }
    }
  ],
  gain: 'Alice’s account, or anybody’s, without a password',
  hints: [
    'The token is in order: issuer, audience, time, algorithm, even the name of the key. What can Mallory not have?',
    'What does the shop do with the third part of the token?'
  ],
  solution: 'The site checks the signature with the key that the provider publishes, and refuses a token that it does not fit.',
  refusal: 'The shop answers that the signature is not the provider’s.',
  onRealRelyingParty: play => refusedUnderFaults(play.scene, {
    'id-token-wrong-key': 'An ID token that is signed with another key', 'id-token-invalid-signature': 'One with a signature that does not fit'
  })
}
