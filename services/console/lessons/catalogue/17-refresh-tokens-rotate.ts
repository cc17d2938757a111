import { debugLogOf, redeem, tokenRequestsIn } from '../play/debug-log.ts'
import type { Play } from '../play/play.ts'
import { atReal, NotRefused } from '../play/real-relying-party.ts'
import { allowed, MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const tabs = 20
const pictures = Array.from({ length: tabs }, (_nothing, index) => `<img hidden src="offers?${index}">`).join('')

/** What the log says since he has written his review: what was there before shows nothing of this attack. */
async function logSinceReview (play: Play): Promise<string[]> {
  const before = new Set(play.kept('log before').split('\n'))
  return (await debugLogOf(play)).filter(line => !before.has(line))
}

/** The line that says that one of his pictures has cost somebody their session. */
const victimIn = (log: string[]) => log.find(line => / refused: GET \S+\/offers\?\d+: .*invalid_grant/.test(line))

/** Many pages at once, in one browser. */
const openAtOnce = (who: Visitor, urls: string[]) => Promise.all(urls.map(url => who.request(url)))

export const refreshTokensRotate: Lesson = {
  number: 17,
  slug: 'refresh-tokens-rotate',
  title: 'Refresh tokens rotate',
  buildsOn: [2],
  about: [
    'A [[refresh token]] brings new tokens for weeks: a good thing to steal, if the [[client]] has no secret, as here. So the [[provider]] gives a new one each time, and the old one is spent: ' +
    '[[rotation]]. If a spent one comes again, two may have it, and one be a thief. The provider cannot tell which, so it ends both.',
    'A provider that takes spent ones never notices. Mallory finds one in the shop’s log, and lives on it.',
    'But a strict provider can take the shop itself for two: two tabs need new tokens at once, bring the same refresh token, and Alice is out. Mallory brings that ' +
    'about by a review whose pictures have addresses of the shop’s pages: each reader’s browser opens all of them at once.',
    'So it takes both: a strict provider, and a shop that spends each token once, however many pages wait.'
  ],
  sources: [
    { title: 'RFC 9700, section 4.14.2', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2' },
    { title: 'RFC 6749, section 10.4', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-10.4' }
  ],
  weakness: { checks: ['refreshes-once'], rules: ['refresh-token-reused'] },
  mends: ['refreshes-once', 'refresh-token-reused'],
  mendedByAll: true,
  choice: 'both',
  publicClient: true,
  moves: [
    {
      name: 'write-review',
      by: 'mallory',
      says: `Write a review with ${tabs} pictures in it, each of which is the shop’s page of offers`,
      async run (play) {
        play.keep('log before', (await debugLogOf(play)).join('\n'))
        await play.signIn(play.mallory, 'mallory')
        allowed(await play.mallory.open(`${play.home}reviews`, { form: { text: `Nice paddles. ${pictures}` } }))
        play.says(`Whoever reads my review opens ${tabs} pages of the shop at once, and each needs new tokens.`)
      }
    },
    {
      name: 'read-reviews',
      by: 'alice',
      says: 'Alice signs in at the shop, and reads what others say',
      opens: play => `${play.home}login`,
      byHand: 'Read Mallory’s review. Its pictures are hidden: your browser has fetched them all the same, as the picture shows.',
      shownBy: ({ from, to, endpoint }) => from === 'browser' && to === 'relying-party' && endpoint === 'refresh',
      async run (play) {
        const { text, url } = await play.signIn(play.alice, 'alice')
        await openAtOnce(play.alice, [...text.matchAll(/<img hidden src="(offers\?\d+)">/g)].map(([, path]) => new URL(path!, url).href))
      }
    },
    {
      name: 'look-for-victims',
      by: 'mallory',
      says: 'Read the log that the shop has left in the open: is somebody out whose session was good before?',
      async run (play) {
        const thrownOut = victimIn(await logSinceReview(play))
        if (thrownOut === undefined) return play.says('Nobody is out: each page has got its tokens. But there is more in the log.')
        play.loot('Alice is out, by reading my review', thrownOut)
      }
    },
    {
      name: 'use-spent-token',
      by: 'mallory',
      says: 'Take a spent refresh token out of that log, and spend it once more',
      async run (play) {
        const log = await logSinceReview(play)
        const [spent] = tokenRequestsIn(log, 'refresh_token')
        if (!spent) throw new MoveRefused('There is no refresh token in the log.')
        try {
          const { profile, accessToken } = await redeem(play, spent)
          play.loot('A new access token, by a refresh token that was spent', accessToken)
          play.loot('Alice’s profile, by that token', profile)
          play.says('It was spent, and the provider has taken it again. Nobody will ever notice me.')
        } catch (error) {
          if (!(error instanceof MoveRefused) || victimIn(log) === undefined) throw error
          play.says(`The spent one is worth nothing: ${error.message}. But Alice is out.`)
        }
      }
    }
  ],
  async honest (play) {
    await play.signIn(play.alice, 'alice')
    const pages = await openAtOnce(play.alice, Array.from({ length: tabs }, () => `${play.home}offers`))
    const refused = pages.find(({ status }) => status !== 200)
    if (refused) allowed(refused)
    return `Alice has opened ${tabs} tabs at once, and each was answered, by ${await tokenCallsIn(play)}`
  },
  gain: 'Alice’s tokens, by a refresh token that was spent; or, at a strict provider, the end of her session',
  hints: [
    `How many token requests come of ${tabs} pages, and which refresh token is in each of them? Mend that first, and attack again: what does he still have?`,
    'One mend is the shop’s, the other one the provider’s. With the first alone the thief stays; with the second alone Alice is thrown out.'
  ],
  solution: 'The shop spends each refresh token once: pages that come while it is under way wait for its outcome. The provider takes none twice, and ends everything where one comes again.',
  refusal: 'Nobody is out; and for the spent token, the provider says invalid_grant and ends the grant.',
  onRealRelyingParty: play => atReal(play.scene, async ({ app, username }) => {
    const alice = new Visitor()
    await alice.visit(`${app}/login`, { as: username })
    const pages = await openAtOnce(alice, Array.from({ length: tabs }, () => `${app}/api/profile`))
    const refused = pages.find(({ status }) => status !== 200)
    if (refused) throw new NotRefused(`The relying party of the lab has answered ${refused.status} to one of ${tabs} tabs.`)
    return `${tabs} tabs at once, and each was answered: nobody is out. Its refresh tokens are on its server, and in no log.`
  })
}

/** How many times the shop has spent a refresh token. */
async function tokenCallsIn (play: Play): Promise<string> {
  const { length } = tokenRequestsIn(await debugLogOf(play), 'refresh_token')
  return length === 1 ? 'one token request' : `${length} token requests`
}
