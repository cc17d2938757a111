import type { Test } from 'tap'
import { fetch } from '#lib/outbound.ts'
import { createLabClient } from '../../services/idp/lab-client.ts'
import { Browser } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

interface Listed { handle: string, current: boolean, device: string, startedAt: string, lastUsedAt: string, expiresAt: string }

const minute = 60

/** A person's sessions at the relying party: how long they live, what ends them, and that they can be looked through. */
export async function ownSessions (t: Test, lab: Lab) {
  const { clock } = createLabClient(lab.issuer)
  t.teardown(() => clock.reset())
  const idle = Number(lab.settings['SESSION_IDLE_LIFETIME'] ?? 60 * minute)
  const lifetime = Number(lab.settings['SESSION_LIFETIME'] ?? 8 * 60 * minute)

  /** Whether a cookie still opens a session; the browser itself may have forgotten it by the lab's clock. */
  async function sessionOf (cookie: string) {
    const response = await fetch(`${lab.app}/session`, { headers: { accept: 'application/json', cookie } })
    return await response.json() as { authenticated: boolean, ended?: { reason: string } }
  }
  const cookieOf = (browser: Browser) => browser.jar.getCookieString(lab.app)

  async function signedIn (username = 'alice') {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return browser
  }
  /** Others before this flow may have left sessions. */
  async function signedInNowhereElse (username: string) {
    await post(await signedIn(username), '/logout/everywhere')
    return signedIn(username)
  }
  async function list (browser: Browser) {
    const page = await browser.request(`${lab.app}/sessions`, { headers: { accept: 'application/json' } })
    return (page.json() as { sessions: Listed[] }).sessions
  }
  async function post (browser: Browser, path: string, csrfToken?: string) {
    const token = csrfToken ?? (await browser.session()).csrfToken ?? ''
    return browser.request(`${lab.app}${path}`, { method: 'POST', headers: { accept: 'application/json', 'csrf-token': token } })
  }

  await t.test('a session that is used goes on, and one that is not ends', async t => {
    const browser = await signedIn()
    const cookie = await cookieOf(browser)
    for (const offset of [idle - minute, 2 * idle - 3 * minute]) {
      await clock.set(offset)
      t.equal((await sessionOf(cookie)).authenticated, true, `after ${offset} s`)
    }
    await clock.set(3 * idle)
    t.strictSame(await sessionOf(cookie), { authenticated: false, ended: { reason: 'expired' } })
    await clock.reset()
  })

  await t.test('however much it is used, a session ends with its lifetime', async t => {
    const browser = await signedIn()
    const cookie = await cookieOf(browser)
    for (let offset = idle / 2; offset < lifetime; offset += idle / 2) {
      await clock.set(offset)
      t.equal((await sessionOf(cookie)).authenticated, true, `after ${offset} s`)
    }
    await clock.set(lifetime + 1)
    t.equal((await sessionOf(cookie)).authenticated, false)
    await clock.reset()
  })

  await t.test('a person sees where they are signed in, and nobody else\'s sessions', async t => {
    const [here, there, bob] = [await signedInNowhereElse('sunniva'), await signedIn('sunniva'), await signedIn('bob')]
    const sessions = await list(here)
    t.strictSame(sessions.map(({ current }) => current), [false, true], 'the latest first')
    for (const { handle, device, startedAt, lastUsedAt, expiresAt } of sessions) {
      t.match(handle, /^[\w-]{12}$/)
      t.type(device, 'string')
      t.ok(Date.parse(startedAt) <= Date.parse(lastUsedAt) && Date.parse(lastUsedAt) < Date.parse(expiresAt))
    }
    t.ok((await list(bob)).every(({ handle }) => sessions.every(other => other.handle !== handle)))
    t.equal((await new Browser(lab).request(`${lab.app}/sessions`, { headers: { accept: 'application/json' } })).status, 401)
    await there.signOut()
    t.equal((await list(here)).length, 1)
  })

  await t.test('a person ends one of their sessions, and no one of somebody else', async t => {
    const [here, there, bob] = [await signedInNowhereElse('omar'), await signedIn('omar'), await signedIn('bob')]
    const { handle } = (await list(here)).find(({ current }) => !current)!

    t.equal((await post(bob, `/sessions/${handle}/end`)).status, 404)
    t.equal((await post(here, `/sessions/${handle}/end`, 'guessed')).status, 403)
    t.equal((await there.session()).authenticated, true)

    t.equal((await post(here, `/sessions/${handle}/end`)).status, 204)
    t.strictSame(await there.session(), { authenticated: false, ended: { reason: 'signed_out_elsewhere' } })
    t.equal((await here.session()).authenticated, true)
  })

  await t.test('signing out everywhere ends all sessions of the person, also that of a copied cookie', async t => {
    const [here, there, bob] = [await signedIn('yuki'), await signedIn('yuki'), await signedIn('bob')]
    const copy = await cookieOf(here)
    const { csrfToken } = await here.session()
    const page = await here.request(`${lab.app}/logout/everywhere`, { method: 'POST', body: new URLSearchParams({ _csrf: csrfToken! }) })
    t.equal(page.status, 303)
    t.match(page.headers.get('location'), `${lab.issuer}/session/end`)
    t.strictSame(await here.session(), { authenticated: false })
    t.equal((await sessionOf(copy)).authenticated, false)
    t.strictSame(await there.session(), { authenticated: false, ended: { reason: 'signed_out_elsewhere' } })
    t.equal((await bob.session()).authenticated, true)
  })

  await t.test('without the CSRF token of the page nobody is signed out everywhere', async t => {
    const browser = await signedIn('yuki')
    const page = await browser.request(`${lab.app}/logout/everywhere`, { method: 'POST', body: new URLSearchParams({ _csrf: 'x'.repeat(40) }) })
    t.equal(page.status, 403)
    t.equal((await browser.session()).authenticated, true)
  })

  await t.test('a session survives kill -9 of the relying party, with its tokens', async t => {
    const browser = await signedIn()
    await lab.isolate('relying-party')
    await lab.kill('relying-party')
    await lab.start('relying-party')
    await until('the relying party has found the provider', async () => (await fetch(`${lab.app}/readyz`)).ok)
    t.match((await browser.session()).user, { name: 'Alice Anders' })
    t.equal((await browser.request(`${lab.app}/api/profile`, { headers: { accept: 'application/json' } })).status, 200)
  })
}
