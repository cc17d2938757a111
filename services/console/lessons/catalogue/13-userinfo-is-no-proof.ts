import { playsGame } from '../play/moves-of-alice.ts'
import { fieldIn } from '../play/play.ts'
import { refusedUnderFault } from '../play/real-relying-party.ts'
import { allowed } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const called = 'what the shop calls me'
const review = 'Mine has a hole in it. Buy elsewhere!'

export const userinfoIsNoProof: Lesson = {
  number: 13,
  slug: 'userinfo-is-no-proof',
  title: 'Userinfo is no proof',
  buildsOn: [9],
  about: [
    '[[Userinfo]] gives the profile of a person to whoever shows an [[access token]] of theirs. It does not ask who shows it, nor ' +
    'for which application it was made. So the profile is somebody’s, but not necessarily that of the person who is signing in.',
    'Who is signing in is said by the [[ID token]], in `sub`, the [[subject]]. The profile has a `sub` too. Unless the two are ' +
    'exactly the same, the site must not use anything of the profile.',
    'A page of this shop may get an access token by itself, and hand it over to bring the account up to date. Mallory signs in as ' +
    'himself, and hands over one of Alice’s: she has signed in to his game, at the same provider. If nobody compares, the shop ' +
    'calls him Alice from now on, and others read what he writes as hers.'
  ],
  sources: [
    { title: 'OpenID Connect Core 1.0, section 5.3.2', url: 'https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse' },
    { title: 'OpenID Connect Core 1.0, section 16.11', url: 'https://openid.net/specs/openid-connect-core-1_0.html#TokenSubstitution' }
  ],
  weakness: { checks: ['compares-userinfo-sub'] },
  mends: ['compares-userinfo-sub'],
  choice: 'checks',
  moves: [
    playsGame,
    {
      name: 'hand-over',
      by: 'mallory',
      says: 'Sign in to the shop as myself, and hand over her access token in place of mine',
      async run (play) {
        const accessToken = play.kept('access token of the game')
        delete play.scene.state.kept[called]
        await play.signIn(play.mallory, 'mallory')
        const { text } = allowed(await play.mallory.open(`${play.home}profile`, { form: { access_token: accessToken } }))
        const [name = '', email = ''] = [fieldIn(text, 'name'), fieldIn(text, 'email')]
        play.keep(called, name)
        if (name !== 'Mallory') play.loot('What the shop calls me', `${name}, ${email}`)
        play.says(`I have signed in as myself, and the shop calls me “${name}”.`)
      }
    },
    {
      name: 'write-review',
      by: 'mallory',
      says: 'Write a review, and look whose name is under it',
      async run (play) {
        play.kept(called)
        const { text } = allowed(await play.mallory.open(`${play.home}reviews`, { form: { text: review } }))
        const name = [...text.matchAll(/<blockquote>([^<]*)<footer>([^<]*)</g)].findLast(([, words]) => words === review)?.[2] ?? 'nobody'
        if (name !== 'Mallory') play.loot('A review that everybody can read', `${review} – ${name}`)
        play.says(`Under my review the shop has written “${name}”.`)
      }
    }
  ],
  gain: 'Alice’s name: what he writes at the shop is hers',
  hints: [
    'In the picture, click on the last `GET /me`: that is userinfo. About whom is its answer, and who is signed in?',
    'The ID token of Mallory’s sign-in has a `sub`, and the answer of userinfo has one. Are they the same, and who looks?'
  ],
  solution: 'The site compares the `sub` of userinfo with that of the ID token, and uses nothing of the profile where they differ.',
  refusal: 'The shop answers that the profile is about somebody else.',
  onRealRelyingParty: play => refusedUnderFault(play.scene, 'userinfo-invalid-sub')
}
