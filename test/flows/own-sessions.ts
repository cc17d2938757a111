import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'

interface Listed { handle: string, current: boolean, device: string, startedAt: string, lastUsedAt: string, expiresAt: string }

/** A person's sessions at the relying party: what ends them, and that they can be looked through. */
export async function ownSessions (t: Test, lab: Lab) {
  async function signedIn (username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return browser
  }
  async function list (browser: Browser) {
    const page = await browser.request(`${lab.app}/sessions`, { headers: { accept: 'application/json' } })
    return (page.json() as { sessions: Listed[] }).sessions
  }
  async function post (browser: Browser, path: string, csrfToken?: string) {
    const token = csrfToken ?? (await browser.session()).csrfToken ?? ''
    return browser.request(`${lab.app}${path}`, { method: 'POST', headers: { accept: 'application/json', 'csrf-token': token } })
  }

  await t.test('a person sees where they are signed in, and nobody else\'s sessions', async t => {
    const [here, there, bob] = [await signedIn('sunniva'), await signedIn('sunniva'), await signedIn('bob')]
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
    const [here, there, bob] = [await signedIn('omar'), await signedIn('omar'), await signedIn('bob')]
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
    const copy = await here.jar.getCookieString(lab.app)
    const { csrfToken } = await here.session()
    const page = await here.request(`${lab.app}/logout/everywhere`, { form: { _csrf: csrfToken! } })
    t.equal(page.status, 303)
    t.match(page.headers.get('location'), `${lab.issuer}/session/end`)
    t.strictSame(await here.session(), { authenticated: false })
    const ofCopy = await fetch(`${lab.app}/session`, { headers: { accept: 'application/json', cookie: copy } })
    t.strictSame(await ofCopy.json(), { authenticated: false })
    t.strictSame(await there.session(), { authenticated: false, ended: { reason: 'signed_out_elsewhere' } })
    t.equal((await bob.session()).authenticated, true)
  })

  await t.test('without the CSRF token of the page nobody is signed out everywhere', async t => {
    const browser = await signedIn('yuki')
    const page = await browser.request(`${lab.app}/logout/everywhere`, { form: { _csrf: 'x'.repeat(40) } })
    t.equal(page.status, 403)
    t.equal((await browser.session()).authenticated, true)
  })
}
