import { debugLogOf, redeem, tokenRequestsIn } from '../play/debug-log.ts'
import { refusedByReal } from '../play/real-relying-party.ts'
import { MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

export const aCodeWorksOnce: Lesson = {
  number: 2,
  slug: 'a-code-works-once',
  title: 'A code works once',
  buildsOn: [1],
  about: [
    'Addresses with a [[code]] in them stay where they have been: in the history of a browser, in logs. Somebody may find them later. So a code is redeemed ' +
    'once, and is worth nothing from then on.',
    'This shop is a [[client]] without a secret, as an app on a phone is, and its log has whole token requests: code and [[code verifier]]. Mallory sends one ' +
    'of them again, word for word: a [[replay]]. Nothing in it is wrong. Only the provider can know that this code was redeemed before.',
    'Where a code comes twice, one of the two may be a thief, and the provider cannot tell which. So it refuses the second (`invalid_grant`), and should also revoke the tokens that the first ' +
    'one has got.'
  ],
  sources: [
    { title: 'RFC 6749, section 4.1.2', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2' },
    { title: 'RFC 6749, section 10.5', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-10.5' }
  ],
  weakness: { rules: ['code-replayed'] },
  mends: ['code-replayed'],
  choice: 'rules',
  publicClient: true,
  moves: [
    {
      name: 'sign-in',
      by: 'alice',
      says: 'Alice signs in at the shop, which redeems her code',
      opens: play => `${play.home}login`,
      shownBy: ({ from, to, endpoint, status }) => from === 'browser' && to === 'relying-party' && endpoint === 'callback' && status === 303,
      async run (play) {
        await play.signIn(play.alice, 'alice')
      }
    },
    {
      name: 'read-log',
      by: 'mallory',
      says: 'Read the log that the shop has left in the open, for its latest token request',
      async run (play) {
        const latest = tokenRequestsIn(await debugLogOf(play), 'authorization_code').at(-1)
        if (!latest) throw new MoveRefused('There is no token request in the log.')
        play.keep('token request from the log', String(new URLSearchParams(latest)))
        play.says(`The shop has sent this, and has its tokens for it: ${new URLSearchParams(latest)}`)
      }
    },
    {
      name: 'send-again',
      by: 'mallory',
      says: 'Send the same token request again, word for word',
      async run (play) {
        const { profile, accessToken } = await redeem(play, Object.fromEntries(new URLSearchParams(play.kept('token request from the log'))))
        play.loot('A new access token of Alice’s, by a code that was used', accessToken)
        play.loot('Alice’s profile, by that token', profile)
        play.says('The code was used up, and I have used it once more. Nobody has noticed.')
      }
    }
  ],
  gain: 'new tokens of Alice’s, by a code that was used',
  hints: [
    'Compare the two token requests in the picture, the shop’s and Mallory’s. What is the difference?',
    'There is none, but that one came second. Who could remember the first, and which rule has it been let off?'
  ],
  solution: 'The provider remembers which codes were redeemed. It refuses the second request, and ends what was issued for the first: Alice signs in once more, and the thief has nothing.',
  refusal: 'invalid_grant, and the tokens that the first request brought are dead.',
  onRealRelyingParty: play => refusedByReal(play.scene, async ({ app, username }) => {
    const alice = new Visitor()
    const { url } = await alice.visit(`${app}/login`, { as: username, stopAt: url => url.startsWith(`${app}/callback`) })
    await alice.visit(url)
    return alice.open(url)
  })
}
