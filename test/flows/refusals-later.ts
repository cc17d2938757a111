import type { Test } from 'tap'
import type { Browser, Page } from '../helpers/browser.ts'
import type { FaultyLab } from '../helpers/faulty-lab.ts'
import type { MessengerRow, ProfileRow, SignOutRow } from './refusal-rows.ts'

/** The response to the second authorization request: no code is handed over, and the sign-in of before stays. */
export async function faultsForTheMessenger (t: Test, faulty: FaultyLab, rows: [string, MessengerRow][]) {
  const { lab, idp } = faulty
  for (const [name, row] of rows) {
    await t.test(`${faulty.find(name).title} (${name}): ${'comes' in row ? 'there is a code' : row.error}`, async t => {
      const browser = await faulty.signedIn(t)
      await faulty.switchOn(name, { client: 'GENESYS_CLIENT_ID', count: 1 })
      const since = await faulty.mark()
      const page = await browser.open(`${lab.app}/messenger/login`)

      if ('error' in row && row.error.startsWith('state_')) {
        t.equal(page.$('h1').text(), 'You are signed in', 'it may be an answer of before')
        await faulty.isLogged(t, 'GET', page, row.error)
      } else {
        t.equal(page.url, `${lab.app}/`, 'it ends at home')
      }
      if ('error' in row && page.status === 200) {
        const callback = browser.visited.findLast(url => url.startsWith(`${lab.app}/messenger/callback`))!
        await faulty.isLogged(t, 'GET', { url: callback, status: 303 }, row.error)
        const { status, json } = await browser.authCode()
        t.strictSame([status, json()], [409, { error: 'code_refused', reason: row.error }], 'the page is told why there is no code')
      }
      t.equal((await browser.session()).authenticated, true, 'the person stays signed in')
      await faulty.isMet(t, name, since)
      t.strictSame(await idp.faults.active(), [])

      await browser.open(`${lab.app}/messenger/login`)
      t.equal((await browser.authCode()).status, 200, 'the next time there is a code')
      await faulty.isDiscreet(t, browser, page, since)
    })
  }
}

const lifeOfAccessTokens = 15 * 60

/** A refresh that is refused for good ends the session; a provider in trouble does not, and no claims come of either. */
export async function faultsOfTheProfile (t: Test, faulty: FaultyLab, rows: [string, ProfileRow][]) {
  const { lab, idp } = faulty
  for (const [name, row] of rows) {
    await t.test(`${faulty.find(name).title} (${name}): ${row.error ?? 'refreshed'}, the session ${row.session}`, async t => {
      const browser = await faulty.signedIn(t)
      t.match(await profile(browser), { status: 200, body: { sub: lab.user(faulty.username).sub } })
      await idp.clock.advance(lifeOfAccessTokens + 1)
      await faulty.switchOn(name, { ...(row.status === 200 && { count: 1 }), ...(name.endsWith('timeout') && { parameters: { seconds: 0.1 } }) })
      const since = await faulty.mark()

      const { page, status, body } = await profile(browser)
      t.equal(status, row.status, `the status is ${row.status}`)
      if (row.error) {
        t.strictSame([body['error'], body['sub']], [row.error, undefined], 'an error, and no claims')
        await faulty.isLogged(t, 'GET', page, row.error)
      }
      if (status === 503) t.match(page.headers.get('retry-after'), /^\d+$/)
      await faulty.isMet(t, name, since)
      await idp.faults.reset()

      if (row.session === 'stays') {
        t.equal((await browser.session()).authenticated, true)
        t.match(await profile(browser), { status: 200, body: { sub: lab.user(faulty.username).sub } }, 'the next call is good')
      } else {
        t.match(await browser.session(), { authenticated: false, ended: { reason: 'refused_by_provider' } })
        await faulty.isSignedIn(t, browser, await faulty.complete(browser, await browser.openSignIn()))
        t.equal((await profile(browser)).status, 200, 'after the next sign-in the call is good')
      }
      await faulty.isDiscreet(t, browser, page, since)
      await idp.clock.reset()
    })
  }

  async function profile (browser: Browser) {
    const page = await browser.request(`${lab.app}/api/profile`, { headers: { accept: 'application/json' } })
    return { page, status: page.status, body: page.json() as Record<string, unknown> }
  }
}

/** A logout token that is not good ends nothing. */
export async function faultsOfLogoutTokens (t: Test, faulty: FaultyLab, rows: [string, RegExp][]) {
  const { lab, idp } = faulty
  for (const [name, reason] of rows) {
    await t.test(`${faulty.find(name).title} (${name})`, async t => {
      const replayed = name === 'logout-token-replayed'
      const browser = await faulty.signedIn(t)
      await faulty.switchOn(name, { count: 1 })
      const since = await faulty.mark()
      await signOutThere(browser)

      const { entries } = await idp.ledger.query({ fault: name, endpoint: 'backchannel_logout', since })
      t.strictSame(entries.map(({ status }) => status), replayed ? [200, 400] : [400], 'it is answered so')
      await faulty.isLogged(t, 'POST', { url: `${lab.app}/backchannel-logout`, status: 400 }, reason)
      t.equal((await browser.session()).authenticated, !replayed, replayed ? 'the first of the two was good' : 'the session stays')

      const page = await faulty.complete(browser, await browser.openSignIn())
      await faulty.isSignedIn(t, browser, page)
      await signOutThere(browser)
      t.match(await browser.session(), { authenticated: false, ended: { reason: 'signed_out_at_provider' } }, 'a good one ends it')
      await faulty.isDiscreet(t, browser, page, since)
    })
  }

  async function signOutThere (browser: Browser) {
    await browser.submit(await browser.open(`${lab.issuer}/session/end`), {}, 'Sign out')
  }
}

/** Whatever happens on the way, the person is signed out here, and is told so. */
export async function faultsOfSignOuts (t: Test, faulty: FaultyLab, rows: [string, SignOutRow][]) {
  const { lab, idp } = faulty
  for (const [name, { at, status, says }] of rows) {
    await t.test(`${faulty.find(name).title} (${name})`, async t => {
      const browser = await faulty.signedIn(t)
      const cookie = await browser.jar.getCookieString(lab.app)
      await faulty.switchOn(name, { count: 1 })
      const since = await faulty.mark()
      const page = await signOut(browser)

      t.ok(page.url.startsWith(at === 'idp' ? lab.issuer : `${lab.app}/logout/callback`), page.url)
      t.equal(page.status, status, `the status is ${status}`)
      t.match(page.text, says)
      if (at === 'relying-party') await faulty.isLogged(t, 'GET', page, /state/)
      t.equal((await browser.session()).authenticated, false)
      t.equal((await browser.request(`${lab.app}/session`, { headers: { cookie } })).text.includes('"authenticated":false'), true,
        'a copy of the old cookie is worth nothing')
      await faulty.isMet(t, name, since)
      t.strictSame(await idp.faults.active(), [])

      await faulty.isSignedIn(t, browser, await faulty.complete(browser, await browser.openSignIn()))
      t.equal((await signOut(browser)).url, `${lab.app}/`, 'the next sign-out comes back')
      await faulty.isDiscreet(t, browser, page, since)
    })
  }

  /** Begin here, and say yes where the identity provider asks. */
  async function signOut (browser: Browser): Promise<Page> {
    const { csrfToken } = await browser.session()
    const { headers } = await browser.request(`${lab.app}/logout`, { form: { _csrf: csrfToken! } })
    const page = await browser.open(headers.get('location')!)
    return page.status < 400 && page.$('button').length > 0 ? browser.submit(page, {}, 'Sign out') : page
  }
}
