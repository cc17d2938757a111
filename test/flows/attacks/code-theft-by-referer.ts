import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { startChromium } from '../../helpers/chromium.ts'
import type { Lab } from '../../helpers/lab.ts'
import { openPage, signInByClick } from '../../helpers/messenger-window.ts'

/**
 * Somebody reads a code in the `Referer` of a request that the page of the callback makes, or in the address that is left in
 * the browser.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.2
 */
export async function codeTheftByReferer (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'code theft through Referer')
  if (!chromium) return

  const code = 'a-code-that-nobody-has-redeemed'
  const address = `${lab.app}/callback?${new URLSearchParams({ code, state: 'a-state' })}`

  /** What the page asks for from now on, and with which Referer. */
  function watch (page: Page) {
    const requests: Promise<{ url: string, referer: string | undefined }>[] = []
    page.on('request', request => {
      const url = request.url()
      // The page may be closed before the browser has told.
      requests.push(request.allHeaders().then(
        headers => ({ url, referer: headers['referer'] }), () => ({ url, referer: undefined })))
    })
    return () => Promise.all(requests)
  }

  await t.test('the page at a callback that was refused makes requests and has links, and no Referer has its code', async t => {
    const { page } = await openPage(t, chromium)
    const asked = watch(page)
    await page.goto(address)
    await page.getByRole('link', { name: 'Try again' }).click()
    await page.getByLabel('Password').waitFor()
    const requests = await asked()
    t.ok(requests.some(({ url }) => url.endsWith('.css')), 'it has asked for a style')
    t.ok(requests.some(({ url }) => url.startsWith(lab.issuer)), 'and led on to another host')
    t.strictSame(requests.filter(({ referer }) => referer?.includes(code)), [])
    t.strictSame(requests.filter(({ url, referer }) => url.startsWith(`${lab.issuer}/auth`) && referer !== undefined), [])
  })

  await t.test('which is due to its Referrer-Policy: without it the next request tells', async t => {
    const { page } = await openPage(t, chromium)
    await page.route('**/callback?*', async route => {
      const response = await fetch(route.request().url(), { headers: { accept: 'text/html' } })
      const { 'referrer-policy': policy, ...headers } = Object.fromEntries(response.headers)
      t.equal(policy, 'no-referrer')
      await route.fulfill({ status: response.status, headers, body: await response.text() })
    })
    const asked = watch(page)
    await page.goto(address)
    t.ok((await asked()).some(({ referer }) => referer?.includes(code)))
  })

  await t.test('a sign-in leaves no code in a Referer, in the address bar or in the history', async t => {
    const { page } = await openPage(t, chromium)
    const asked = watch(page)
    await signInByClick(page, lab, 'Alice Anders')
    await page.reload()
    const requests = await asked()
    t.ok(requests.some(({ url }) => url.startsWith(`${lab.app}/callback?code=`)), 'a code has passed')
    t.strictSame(requests.filter(({ referer }) => /[?&](code|state)=/.test(referer ?? '')), [])
    t.equal(page.url(), `${lab.app}/`)
    const entries = await page.evaluate(() =>
      (globalThis as unknown as { navigation: { entries (): { url: string }[] } }).navigation.entries().map(({ url }) => url))
    t.notMatch(entries.join(' '), 'code=')
    await page.goBack()
    t.notMatch(page.url(), 'code=')
    await page.goForward()
    t.equal(page.url(), `${lab.app}/`)
  })
}
