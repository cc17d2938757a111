import { randomBytes } from 'node:crypto'
import { fieldIn } from '../play/play.ts'
import { atReal, NotRefused } from '../play/real-relying-party.ts'
import { plantingLinkOf } from '../play/stolen-code.ts'
import { allowed, MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

// A mark in the link shows that somebody has come by it.
const signIn = `login?${new URLSearchParams({ return_to: 'account?prize=kayak' })}`

export const aNewSessionId: Lesson = {
  number: 16,
  slug: 'a-new-session-id',
  title: 'A new session id',
  buildsOn: [5],
  about: [
    'The [[session cookie]] holds a session id, by which the shop finds the [[session]]. Whoever shows it is taken for the person ' +
    'who has signed in with it, so nobody else may know it.',
    'But a browser can show an id that the site never made. A host may set cookies for the domain above it, too. Mallory has got ' +
    'hold of `evil.careless.localhost`, a subdomain that the brand has forgotten. His link leads there first: it sets a cookie for ' +
    '`careless.localhost`, with an id that he has made up, and sends the browser on to the shop’s sign-in.',
    'Alice signs in, at the right provider and the right shop. If the shop goes on with the id that her browser came with, Mallory ' +
    'knows it: her session is his too. This is called session fixation.',
    'So whoever signs in gets a new id, whatever the browser has shown.'
  ],
  sources: [
    { title: 'OWASP, Session Management: renew the session ID', url: 'https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html#renew-the-session-id-after-any-privilege-level-change' },
    { title: 'CWE-384, Session Fixation', url: 'https://cwe.mitre.org/data/definitions/384.html' },
    { title: 'RFC 6265, section 8.4', url: 'https://www.rfc-editor.org/rfc/rfc6265#section-8.4' },
    { title: 'RFC 6265, section 8.6', url: 'https://www.rfc-editor.org/rfc/rfc6265#section-8.6' }
  ],
  weakness: { checks: ['renews-session-id'] },
  mends: ['renews-session-id'],
  mendEndsSessions: true,
  choice: 'checks',
  moves: [
    {
      name: 'make-up-id',
      by: 'mallory',
      says: 'Make up a session id, and have my subdomain plant it in whoever follows my link',
      async run (play) {
        play.keep('planted', randomBytes(16).toString('base64url'))
        play.says(`The id is ${play.kept('planted')}. It looks like one of the shop’s, and the shop does not know it yet.`)
      }
    },
    {
      name: 'follow-link',
      by: 'alice',
      says: 'Alice follows the link, and signs in at the shop',
      opens: play => `${play.lair}lure`,
      byHand: 'Press “Fetch my prize”, and choose Alice if the provider asks.',
      shownBy: ({ from, endpoint, parameters, status }) => from === 'browser' && endpoint === 'account' && 'prize' in parameters && status === 200,
      async run (play) {
        play.kept('planted')
        await play.alice.visit(plantingLinkOf(play.home, { next: signIn }), { as: 'alice' })
      }
    },
    {
      name: 'share-session',
      by: 'mallory',
      says: 'Show the shop the id that I have made up',
      async run (play) {
        await play.mallory.setCookie(`session=${play.kept('planted')}; Path=${new URL(play.home).pathname}`, play.home)
        const { text } = allowed(await play.mallory.open(`${play.home}account`))
        play.loot('The shop takes me for', `${fieldIn(text, 'name')}, ${fieldIn(text, 'email')}`)
        play.says('I have not signed in, and I am in her account. I can do there what she can, for as long as she is signed in.')
      }
    }
  ],
  async honest (play) {
    await play.signIn(play.alice, 'alice')
    await play.signIn(new Visitor({ headers: { 'user-agent': 'mallory' } }), 'mallory')
    const { text } = allowed(await play.alice.open(`${play.home}account`))
    if (fieldIn(text, 'name') !== 'Alice Anders') throw new MoveRefused('Alice is not herself any more once somebody else signs in.')
    return 'Alice is signed in, and stays so when somebody else signs in'
  },
  lure: play => ({ text: 'Sign in at the shop to fetch it.', href: plantingLinkOf(play.home, { next: signIn }) }),
  gain: 'Alice’s session',
  hints: [
    'In the picture, click on `GET /plant`, and on Headers: who sets the cookie that is called `session`, and for which domain?',
    'In the picture, click on the last `GET /callback`, and on Headers: is the session id that the shop sets there a new one, or that of `GET /plant`?'
  ],
  solution: 'At the sign-in the site makes a new session id, at random, and forgets the one that the browser came with. Whoever mends it also ends the sessions that there are: one that was planted before would live on.',
  refusal: 'The planted id is the id of nobody’s session.',
  onRealRelyingParty: play => atReal(play.scene, async ({ app, idp, username }) => {
    const attacker = `${username}-mallory`
    await idp.putUser(attacker, { claims: { name: 'Mallory' } })
    try {
      const [mallory, alice] = [new Visitor(), new Visitor()]
      await mallory.visit(`${app}/login`, { as: attacker })
      const planted = await sessionCookieOf(mallory, app)
      await alice.setCookie(String(planted), app)
      await alice.visit(`${app}/login`, { as: username })
      const { text } = await mallory.open(`${app}/session`)
      const { user } = JSON.parse((await alice.open(`${app}/session`)).text) as { user?: { email: string } }
      const isNew = planted !== undefined && (await sessionCookieOf(alice, app))?.value !== planted.value
      if (!isNew || user?.email !== `${username}@example.com` || text.includes('"authenticated":true')) throw new NotRefused('The relying party of the lab goes on with a session that was planted: it should not.')
      return `Mallory has planted the cookie of a session of his own. Alice has another cookie since her sign-in, and whoever shows the planted one is told: ${text}`
    } finally {
      await idp.removeUser(attacker)
    }
  })
}

/** The cookie that the relying party of the lab keeps the session id in: with the prefix of browsers where it is behind TLS. */
const sessionCookieOf = async (browser: Visitor, app: string) =>
  (await browser.cookies()).find(({ key, domain }) => /^(?:__Host-)?session(?:\.|$)/.test(key) && domain === new URL(app).hostname)
