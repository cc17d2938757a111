import type { Test } from 'tap'
import { Browser, type Page } from '../helpers/browser.ts'
import { FaultyLab, isRefusal, type Refused } from '../helpers/faulty-lab.ts'
import type { Lab } from '../helpers/lab.ts'
import { faultsForTheMessenger, faultsOfLogoutTokens, faultsOfSignOuts, faultsOfTheProfile } from './refusals-later.ts'
import { logoutTokenRows, messengerRows, profileRows, signInRows, signOutRows, type SignInRow } from './refusal-rows.ts'

// For how long openid-client relies on them.
const ageOfKeys = 5 * 60

// One of each kind: what they go through differs by that, and not by the tier.
const sample = [
  'discovery-html', 'authorization-response-invalid-state', 'token-endpoint-server-error', 'id-token-invalid-signature',
  'jwks-server-error', 'userinfo-invalid-sub', 'refresh-invalid-sub', 'logout-token-wrong-event', 'end-session-invalid-state'
]

/** Every fault of the identity provider: what came of it is refused in words, nothing is kept, and the next time is good. */
export async function refusals (t: Test, lab: Lab) {
  const faulty = await FaultyLab.open(lab)
  const { idp, catalogue } = faulty
  const names = lab.tier === 'compose' ? sample : catalogue.map(({ name }) => name)
  const among = <Row>(rows: Record<string, Row>) => Object.entries(rows).filter(([name]) => names.includes(name))
  // Other flows run against the same lab, and may have left keys of theirs.
  await idp.keys.reset()
  t.teardown(async () => {
    await idp.faults.reset()
    await idp.keys.reset()
    await idp.clock.reset()
  })

  const inTables = new Set([signInRows, profileRows, logoutTokenRows, signOutRows].flatMap(rows => Object.keys(rows)))
  t.strictSame([...inTables].sort(), catalogue.map(({ name }) => name).sort(), 'the tables have every fault of the catalogue, and no other')

  await t.test('a sign-in that meets it', t => faultsOfSignIns(t, faulty, among(signInRows)))
  await t.test('the code for the Messenger', t => faultsForTheMessenger(t, faulty, among(messengerRows)))
  await t.test('a call when the access token has run out', t => faultsOfTheProfile(t, faulty, among(profileRows)))
  await t.test('a sign-out at the identity provider', t => faultsOfLogoutTokens(t, faulty, among(logoutTokenRows)))
  await t.test('a sign-out here', t => faultsOfSignOuts(t, faulty, among(signOutRows)))
}

async function faultsOfSignIns (t: Test, faulty: FaultyLab, rows: [string, SignInRow][]) {
  const { lab, idp } = faulty

  for (const [name, row] of rows) {
    const { title, outcome } = faulty.find(name)
    await t.test(`${title} (${name}): ${'comes' in row ? 'people come in' : row.error}`, async t => {
      const accepts = 'comes' in row
      t.equal(outcome === 'succeed' || row.because !== undefined, accepts, row.because ?? 'as the catalogue says')
      await meet(name, row)
      const since = await faulty.mark()
      const browser = new Browser(lab)
      const page = await faulty.complete(browser, await browser.openSignIn())

      if (accepts) await faulty.isSignedIn(t, browser, page)
      else await isRefused(t, browser, page, row)
      await idp.faults.reset()

      // By a click, at once, in the same browser.
      const again = page.$('a:contains("Try again")').attr('href') ?? '/login'
      await faulty.isSignedIn(t, browser, await faulty.complete(browser, await browser.open(lab.app + again)))
      await faulty.isDiscreet(t, browser, page, since)
      await faulty.isMet(t, name, row.asks === 'for metadata' ? 0 : since)
      await idp.keys.reset()
    })
  }
  await idp.clock.reset()

  /** Switch a fault on, and see that it will be met. */
  async function meet (name: string, { asks, parameters = {} }: SignInRow) {
    if (asks === 'for keys') await outliveKeys()
    await faulty.switchOn(name, { parameters })
    if (asks !== 'for metadata') return
    await lab.stop('relying-party')
    await lab.start('relying-party')
  }

  /** Move the clock on, so that the relying party's keys are too old to be relied on and it looks for the provider anew. */
  async function outliveKeys () {
    await faulty.log.skip()
    await idp.clock.advance(ageOfKeys + 1)
    await faulty.log.includes('found the identity provider')
  }

  async function isRefused (t: Test, browser: Browser, page: Page, { status, error, says }: Refused) {
    isRefusal(t, page, { status, error, says })
    const requests = browser.visited.filter(url => url.startsWith(`${lab.issuer}/auth?`))
    t.ok(requests.length <= 1, 'the identity provider was asked once')
    t.equal((await browser.session()).authenticated, false, 'nobody is signed in')
    t.equal((await browser.authCode()).status, 401, 'whatever cookie there is works nowhere')
    await faulty.isLogged(t, 'GET', page, error, ...(says.source.includes('\\(') ? [says] : []))
  }
}
