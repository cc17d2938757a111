import type { Test } from 'tap'
import { Browser, credentialsOf, type Page } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'

/** What the relying party makes of the responses that reach its callback. */
export async function callback (t: Test, lab: Lab) {
  const isCallback = (url: string) => url.startsWith(`${lab.app}/callback`)

  /** Sign in up to the point where the browser would open the callback. */
  async function untilCallback (browser: Browser): Promise<URL> {
    const page = await browser.openSignIn()
    return new URL((await browser.submit(page, credentialsOf(lab.user('alice')), undefined, isCallback)).url)
  }

  async function isRefused (t: Test, browser: Browser, page: Page, error: string) {
    t.equal(page.status, 400)
    t.equal(page.headers.get('location'), null, 'nothing sends the browser on')
    t.match(page.$('dl').text(), error)
    t.match(page.$('a:contains("Try again")').attr('href'), /^\/login/)
    t.equal((await browser.session()).authenticated, false)
  }

  await t.test('a callback with another state is refused', async t => {
    const browser = new Browser(lab)
    const url = await untilCallback(browser)
    url.searchParams.set('state', 'A'.repeat(43))
    await isRefused(t, browser, await browser.request(url.href), 'state_unknown')
  })

  await t.test('a callback without state is refused', async t => {
    const browser = new Browser(lab)
    const url = await untilCallback(browser)
    url.searchParams.delete('state')
    await isRefused(t, browser, await browser.request(url.href), 'state_missing')
  })

  await t.test('a callback of another issuer is refused before its code is sent anywhere', async t => {
    const browser = new Browser(lab)
    const url = await untilCallback(browser)
    url.searchParams.set('iss', 'https://other.example')
    await isRefused(t, browser, await browser.request(url.href), 'invalid_response')
  })

  await t.test('two tabs sign in at once, and each ends where it wanted to', async t => {
    const browser = new Browser(lab)
    const credentials = credentialsOf(lab.user('alice'))
    const [first, second] = await Promise.all([browser.openSignIn('/?tab=1'), browser.openSignIn('/?tab=2')])
    t.equal((await browser.submit(second, credentials)).url, `${lab.app}/?tab=2`)
    t.equal((await browser.submit(first, credentials)).url, `${lab.app}/?tab=1`)
    t.equal((await browser.session()).authenticated, true)
  })

  await t.test('of six attempts in one browser the five latest are kept', async t => {
    const browser = new Browser(lab)
    const credentials = credentialsOf(lab.user('alice'))
    const tabs = []
    for (let tab = 1; tab <= 6; tab++) tabs.push(await browser.openSignIn(`/?tab=${tab}`))
    t.equal((await browser.jar.getCookies(lab.app)).filter(({ key }) => key.startsWith('attempt.')).length, 5)
    t.match((await browser.submit(tabs[0]!, credentials)).$('dl').text(), 'state_unknown')
    t.equal((await browser.submit(tabs[1]!, credentials)).url, `${lab.app}/?tab=2`)
  })

  await t.test('what the provider says is shown as text', async t => {
    const browser = new Browser(lab)
    const url = await untilCallback(browser)
    url.searchParams.delete('code')
    url.searchParams.set('error', 'server_error')
    url.searchParams.set('error_description', '<img src=x onerror=alert(1)>')
    const page = await browser.request(url.href)
    t.equal(page.$('img').length, 0)
    t.match(page.$('dl').text(), '<img src=x onerror=alert(1)>')
  })
}
