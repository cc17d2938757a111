import type { BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage } from '../helpers/messenger-page.ts'

/** The Messenger's next code: in a hidden frame, and by a redirect where the browser does not let it. */
export async function silentCodeInChromium (t: Test, lab: Lab) {
  const title = 'the Messenger\'s next code in Chromium'
  const lenient = await startChromium(t, title, { thirdPartyCookies: 'allowed' })
  if (!lenient) return
  const strict = await startChromium(t, title, { thirdPartyCookies: 'blocked' })
  if (!strict) return

  /** Counts where the page itself goes, and which frames ask for a code. */
  function watch (page: Page) {
    const seen = { left: 0, frames: 0 }
    page.on('framenavigated', frame => { if (frame === page.mainFrame()) seen.left++ })
    page.on('request', request => {
      const { pathname, searchParams } = new URL(request.url())
      if (pathname === '/messenger/login' && searchParams.has('frame')) seen.frames++
    })
    return seen
  }

  async function signIn (context: BrowserContext, install?: (page: Page) => Promise<void>) {
    const tab = await MessengerPage.open(context, lab)
    await install?.(tab.page)
    await tab.signIn('Alice Anders')
    return { tab, seen: watch(tab.page) }
  }

  /** Have the Messenger want another code, for which the page has to leave. */
  async function wantCode (tab: MessengerPage, meanwhile = async () => {}) {
    const loaded = tab.page.waitForEvent('load')
    const command = tab.command('Auth.getTokens', { forceUpdate: true }).catch(() => {})
    await meanwhile()
    await loaded
    await command
    await tab.next('Auth.authenticated')
  }

  for (const [what, command, data] of [
    ['wants a new code', 'Auth.getTokens', { forceUpdate: true }],
    ['has to be signed in anew', 'Auth.reAuthenticate', undefined],
    ['finds none waiting at the server', 'Auth.getTokens', undefined]
  ] as const) {
    await t.test(`a Messenger that ${what} gets a code, and the page stays where it is`, async t => {
      const { tab, seen } = await signIn(await newContext(t, lenient))
      t.match(await tab.command(command, data), { value: { jwt: /./, refreshToken: /./ } })
      t.strictSame(seen, { left: 0, frames: 1 })
      t.equal(await tab.page.locator('iframe').count(), 0, 'the frame is gone')
      // The browser itself notes that the server has no code at hand.
      t.strictSame(tab.complaints.filter(text => !text.includes('409 (Conflict)')), [])
    })
  }

  await t.test('two tabs that want codes at once both get theirs', async t => {
    const { tab, seen } = await signIn(await newContext(t, lenient))
    const other = await (await MessengerPage.open(tab.page.context(), lab)).visit()
    const seenThere = watch(other.page)
    const answers = await Promise.all([tab, other].map(tab => tab.command('Auth.getTokens')))
    t.match(answers, [{ value: { jwt: /./ } }, { value: { jwt: /./ } }])
    t.strictSame([seen, seenThere], [{ left: 0, frames: 1 }, { left: 0, frames: 1 }])
  })

  await t.test('where the browser keeps cookies from frames, the page leaves for the code, and tries no frame again', async t => {
    let fromTheStart = { frames: 0 }
    const { tab, seen } = await signIn(await newContext(t, strict), async page => { fromTheStart = watch(page) })
    t.equal(fromTheStart.frames, 1)
    await wantCode(tab)
    t.equal(seen.left, 1)
    t.equal(tab.page.url(), `${lab.app}/`)
    t.match(await tab.command('Auth.getTokens'), { value: { jwt: /./ } }, 'the code waits at the server')
    await wantCode(tab)
    t.equal(seen.left, 2)
    t.equal(fromTheStart.frames, 1)
  })

  const note = ({ page }: MessengerPage) => page.getByText('did not answer when it was asked for it')

  await t.test('where the frame does not come back, the page waits for a moment, stays and says so, and a click leads there', async t => {
    const { tab, seen } = await signIn(await newContext(t, lenient), page => page.clock.install())
    await tab.page.route(url => url.searchParams.has('frame'), () => {})
    const command = tab.command('Auth.getTokens', { forceUpdate: true })
    await tab.page.locator('iframe').waitFor({ state: 'attached' })
    await tab.page.clock.fastForward(10_000)
    await note(tab).waitFor()
    t.match(await command, { reason: /./ })
    t.strictSame(seen, { left: 0, frames: 1 })

    await tab.page.getByRole('link', { name: 'Try again' }).click()
    await tab.next('Auth.ready')
    t.match(await tab.command('Auth.getTokens'), { value: { jwt: /./ } })
    t.strictSame(seen, { left: 1, frames: 1 })
  })

  await t.test('a person whose provider has an error page for the Messenger is at home, and reads what is missing', async t => {
    const context = await newContext(t, lenient)
    // Where the frame ends: redirects on the way there are no routes of their own.
    await context.route(url => url.searchParams.has('frame'), route => route.fulfill({ status: 500, contentType: 'text/html', body: '<h1>Oops</h1>' }))
    const tab = await MessengerPage.open(context, lab)
    const seen = watch(tab.page)
    await tab.page.goto(`${lab.app}/login`)
    await tab.page.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
    await tab.page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    await note(tab).waitFor()
    t.equal(tab.page.url(), `${lab.app}/`)
    const { left } = seen
    await tab.command('Auth.getTokens')
    t.strictSame(seen, { left, frames: 1 }, 'nor does it go on asking')

    await tab.page.getByRole('link', { name: 'Try again' }).click()
    await tab.next('Auth.authenticated')
    t.equal(await note(tab).isVisible(), false)
  })

  await t.test('nobody but the frame itself can say that it has a code', async t => {
    const { tab } = await signIn(await newContext(t, lenient))
    let asked = 0
    tab.page.on('request', request => { if (new URL(request.url()).pathname === '/messenger/auth-code') asked++ })
    await tab.page.route(url => url.searchParams.has('frame'), async route => {
      await tab.page.evaluate(() => Reflect.get(globalThis, 'postMessage')({ type: 'messenger-code', outcome: 'code' }, '*'))
      await route.fulfill({ contentType: 'text/html', body: '' })
    })
    await tab.command('Auth.getTokens', { forceUpdate: true })
    await note(tab).waitFor()
    t.equal(asked, 0, 'the page does not think that a code is there')
  })
}
