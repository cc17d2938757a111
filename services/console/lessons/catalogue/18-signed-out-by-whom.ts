import { decodeJwt } from 'jose'
import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'
import { forgedLogoutTokens } from '../play/forged-logout-tokens.ts'
import { fieldIn, type Play } from '../play/play.ts'
import { atReal, NotRefused } from '../play/real-relying-party.ts'
import { allowed, MoveRefused, refusalOf, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const taken = 'logout token that the shop has taken'

/** How many are signed in, as the first page tells everybody. */
const signedInAt = async ({ mallory, home }: Play) => Number(fieldIn(allowed(await mallory.open(home)).text, 'here'))

export const signedOutByWhom: Lesson = {
  number: 18,
  slug: 'signed-out-by-whom',
  title: 'Signed out by whom?',
  buildsOn: [7, 8, 9],
  about: [
    'Whoever signs out at the [[provider]] shall be signed out everywhere. So each [[client]] has an address, here `/backchannel-logout`, to which the provider sends a ' +
    '[[logout token]] by the [[back channel]]. It names the [[session]], the [[subject]], or both.',
    'But anybody can send something there. If the shop believes whatever comes, Mallory writes a logout token himself. All he needs ' +
    'is Alice’s subject, which is no secret: as a rule, each client gets the same. She signs in to his game, and he signs her out of ' +
    'the shop whenever he likes.',
    'So the shop looks at a logout token as at an [[ID token]]: [[signature]], [[issuer]], [[audience]], [[expiry]]. Its `events` must say that it is about a logout, else ' +
    'an ID token would pass for one; and it has no [[nonce]], lest it pass for an ID token. By its `jti`, its name, a used one can be refused.'
  ],
  sources: [
    { title: 'OpenID Connect Back-Channel Logout 1.0, section 2.4', url: 'https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken' },
    { title: 'OpenID Connect Back-Channel Logout 1.0, section 2.6', url: 'https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation' },
    { title: 'OpenID Connect Core 1.0, section 8', url: 'https://openid.net/specs/openid-connect-core-1_0.html#SubjectIDTypes' }
  ],
  weakness: { checks: ['checks-logout-token'] },
  mends: ['checks-logout-token'],
  choice: 'checks',
  see: 'Sign in at the shop as Alice, and watch. Stay signed in',
  moves: [
    {
      name: 'play-game',
      by: 'alice',
      says: 'Alice, who is signed in at the shop, signs in to his game as well',
      opens: play => `${play.lair}lure`,
      byHand: 'Press “Play”. The provider knows you from the shop, and asks nothing.',
      shownBy: ({ from, to, endpoint, parameters, status }) => from === 'browser' && to === 'evil' && endpoint === 'callback' && 'code' in parameters && status === 200,
      async run (play) {
        await play.signIn(play.alice, 'alice')
        await play.alice.visit(`${play.lair}game/login`, { as: 'alice' })
      }
    },
    {
      name: 'send-token',
      by: 'mallory',
      says: 'Write a logout token about her, and send it to the shop',
      async run (play) {
        const idToken = play.kept('ID token of the game')
        const { sub = '' } = decodeJwt(idToken)
        delete play.scene.state.kept[taken]
        play.says(`Her subject is ${sub}: it stands in the ID token that my game has got.`)
        play.keep('signed in before', String(await signedInAt(play)))
        const [key] = await play.publishedKeys()
        const forged = await forgedLogoutTokens({ issuer: play.realm.issuer, audience: play.clientId, sub, now: await play.realm.now(), key: key! })
        const refusals: string[] = []
        for (const { how, token } of [...forged, { how: 'that is in truth the ID token of my game', token: idToken }]) {
          const page = await play.curl(`${play.home}backchannel-logout`, { form: { logout_token: token } })
          if (page.status === 200) {
            play.keep(taken, how)
            play.says(`The shop has taken a logout token ${how}.`)
            return
          }
          refusals.push(refusalOf(page))
        }
        throw new MoveRefused([...new Set(refusals)].join(' '))
      }
    },
    {
      name: 'open-account',
      by: 'alice',
      says: 'Alice wants to see her account',
      opens: play => `${play.home}account`,
      byHand: 'Read what the shop says: you have never signed out.',
      shownBy: ({ from, to, endpoint, status }) => from === 'browser' && to === 'relying-party' && endpoint === 'account' && status === 400,
      async run (play) {
        const { status } = await play.alice.open(`${play.home}account`)
        if (status === 200) throw new MoveRefused('Alice is still signed in.')
      }
    },
    {
      name: 'look',
      by: 'mallory',
      says: 'Look at the shop’s first page, which says how many are signed in',
      async run (play) {
        const how = play.kept(taken)
        const [before, after] = [Number(play.kept('signed in before')), await signedInAt(play)]
        if (after < before) play.loot('Alice is signed out, by a logout token of mine', `Made ${how}. Signed in at the shop: ${before} before it, ${after} after it.`)
        play.says(after < before ? 'Neither she nor the provider has asked for that. I can do it again, to anybody whose subject I know.' : 'Nobody was signed out by it.')
      }
    }
  ],
  lure: play => ({ text: 'While you wait for it: play the Free Fish Game. Sign in as you do at the shop.', label: 'Play', href: `${play.lair}game/login` }),
  async honest (play) {
    const { text } = await play.signIn(play.alice, 'alice')
    const name = fieldIn(text, 'name')
    if (name !== 'Alice Anders') throw new MoveRefused('Nobody is signed in afterwards.')
    await play.alice.signOutAt(play.realm.issuer)
    if (fieldIn(allowed(await play.alice.open(play.home)).text, 'name') !== undefined) {
      throw new MoveRefused('Alice has signed out at the provider, and is still signed in at the shop.')
    }
    return `${name} is signed in, and signed out here once she has signed out at the provider`
  },
  gain: 'Alice is signed out, whenever he likes',
  hints: [
    'Who has sent the message to `/backchannel-logout`, and how does the shop know?',
    'Look at the token that he has sent: who has signed it? Most checks of the shop are about ID tokens. Which one is about logout tokens?'
  ],
  solution: 'The shop checks the signature of the logout token with the provider’s key and with the algorithm it expects, then issuer, audience, expiry, the `events` claim, that there is no `nonce`, and that its `jti` is new.',
  refusal: 'The shop answers 400, and Alice stays signed in.',
  onRealRelyingParty: play => atReal(play.scene, async ({ app, idp, username }) => {
    const alice = new Visitor()
    const asked = new URL((await alice.request(`${app}/login`)).headers.get('location')!)
    const user = async () => (JSON.parse((await alice.open(`${app}/session`)).text) as { user?: { sub: string } }).user
    const letThrough = (what: string) => new NotRefused(`The relying party of the lab has taken a logout token ${what}: it should have refused.`)
    await alice.visit(`${app}/login`, { as: username })
    const { sub = '' } = await user() ?? {}

    const [key] = await play.publishedKeys(idp.issuer)
    const forged = await forgedLogoutTokens({ issuer: idp.issuer, audience: asked.searchParams.get('client_id') ?? '', sub, now: await idp.now(), key: key! })
    const words = new Map<string, string>()
    for (const { how, token } of forged) {
      const page = await play.curl(`${app}/backchannel-logout`, { form: { logout_token: token } })
      if (page.status !== 400 || !await user()) throw letThrough(how)
      words.set(how, refusalOf(page))
    }
    // Beyond that, the provider itself sends what only it could sign.
    for (const [fault, what] of Object.entries(faults)) {
      await alice.visit(`${app}/login`, { as: username })
      await idp.switchOn(fault, { username, count: 1 })
      const since = await endOfLedger(alice, app)
      await alice.signOutAt(idp.issuer)
      const said = await refusedLogout(alice, app, sub, since)
      if (said === undefined) throw letThrough(what)
      words.set(what, said)
    }
    return [...words].map(([what, said]) => `A logout token ${what}: ${said}`).join('\n')
  })
}

const faults = {
  'logout-token-alg-none': 'that the provider itself has sent without a signature',
  'logout-token-invalid-aud': 'for another application',
  'logout-token-missing-events': 'that does not say that it is one',
  'logout-token-with-nonce': 'with a nonce',
  'logout-token-replayed': 'for the second time'
}

/** Where the ledger of the relying party ends by now. */
async function endOfLedger (browser: Visitor, app: string): Promise<number> {
  const { text } = await browser.request(`${app}/lab/ledger?limit=1&order=desc`)
  return (JSON.parse(text) as { last: number }).last
}

/** How the relying party of the lab has refused a logout token about somebody since then, as its ledger has it: it gets to know of it a moment after the provider. */
async function refusedLogout (browser: Visitor, app: string, sub: string, since: number): Promise<string | undefined> {
  for (let after = since; ;) {
    const query = new URLSearchParams({ endpoint: 'backchannel_logout', status: '400', since: String(after), limit: '20', secrets: 'show' })
    const { status, text } = await browser.request(`${app}/lab/ledger/wait?${query}`)
    if (status !== 200) return undefined
    const { entries, last } = JSON.parse(text) as { entries: LedgerEntry[], last: number }
    const entry = entries.find(({ parameters }) => decodeJwt(String(parameters['logout_token'])).sub === sub)
    if (entry) return [entry.answer['error'], entry.answer['error_description']].join(': ')
    after = last
  }
}
