import { decodeJwt } from 'jose'
import { entersCard, playsGame } from '../play/moves-of-alice.ts'
import { handOver } from '../play/one-tap.ts'
import { refusedUnderFault } from '../play/real-relying-party.ts'
import type { Lesson } from '../lesson.ts'

export const forWhom: Lesson = {
  number: 9,
  slug: 'for-whom',
  title: 'For whom?',
  buildsOn: [8],
  about: [
    'People sign in to many applications at the same [[provider]]. Each of these [[client]]s gets an [[ID token]], and all are signed with the same key. ' +
    'What tells them apart is the [[audience]]: `aud` holds the `client_id` of the application that a token was made for.',
    'Mallory has an application too, a game that is honestly registered. Alice signs in to it, at the right provider, with her own password, which he never sees. ' +
    'The token that his game gets is real, fresh, and about Alice.',
    'He hands it over to the shop, at `/one-tap`, where it takes tokens from browsers. If the shop asks only who has signed and whom the token is about, it lets him in as Alice: each application ' +
    'that she signs in to could do that.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 3.1.3.7, step 3', url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation' },
    { title: 'RFC 7519, section 4.1.3', url: 'https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3' },
    { title: 'RFC 8725, section 3.9', url: 'https://www.rfc-editor.org/rfc/rfc8725#section-3.9' }
  ],
  weakness: { checks: ['compares-aud'] },
  mends: ['compares-aud'],
  choice: 'checks',
  moves: [
    entersCard,
    playsGame,
    {
      name: 'replay',
      by: 'mallory',
      says: 'Hand the ID token of my game over to the shop',
      async run (play) {
        const idToken = play.kept('ID token of the game')
        play.says(`My game has got an ID token about Alice. It was made for “${[decodeJwt(idToken).aud].flat().join(', ')}”.`)
        await handOver(play, idToken, 'that was made for my game')
      }
    }
  ],
  gain: 'Alice’s account at the shop, from her sign-in to his game',
  hints: [
    'The provider has written and signed this token, about Alice. For which application?',
    'Compare the claims of the token that the shop gets at Alice’s own sign-in with those of the game’s. Which of them differs, and should?'
  ],
  solution: 'The site looks for its own `client_id` in `aud`, and refuses a token without it.',
  refusal: 'The shop answers that the token was made for another application.',
  onRealRelyingParty: play => refusedUnderFault(play.scene, 'id-token-invalid-aud')
}
