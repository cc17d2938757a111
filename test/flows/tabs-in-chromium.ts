import type { BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger, signInByClick } from '../helpers/messenger-window.ts'
import { until } from '../helpers/until.ts'

/** What the tabs of one browser know of each other's signing in and out. */
export async function tabsInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'tabs of one browser in Chromium')
  if (!chromium) return

  const signInLink = (page: Page) => page.getByRole('link', { name: 'Sign in', exact: true })
  const personIn = (page: Page, name: string) => page.getByRole('banner').getByText(name, { exact: true })

  /** Counts the streams of events that a tab opens. */
  function countStreams (page: Page) {
    const streams = { opened: 0 }
    page.on('request', request => { if (new URL(request.url()).pathname === '/session/events') streams.opened++ })
    return streams
  }

  /** Another tab of somebody who is signed in. */
  async function openTab (context: BrowserContext, name = 'Alice Anders') {
    const page = await context.newPage()
    const streams = countStreams(page)
    await page.goto(lab.app)
    await personIn(page, name).waitFor()
    return { page, streams }
  }

  /** Sign out here, as a person does, and tell when the server has ended the session. */
  async function signOut (page: Page): Promise<number> {
    const answered = page.waitForResponse(response => new URL(response.url()).pathname === '/logout')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await answered
    return performance.now()
  }

  await t.test('a sign-out in one tab shows in the other, and the Messenger there is signed out too', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    const { page: other } = await openTab(page.context())
    await showMessenger(other)
    await other.getByRole('log').getByText('Hello Alice').waitFor()

    const ended = await signOut(page)
    await signInLink(other).waitFor()
    t.comment(`the other tab shows it after ${Math.round(performance.now() - ended)} ms`)
    await other.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' }).waitFor()
    t.equal(await other.locator('#account').isVisible(), false)
    t.equal(await other.locator('#ended').isVisible(), false, 'nobody has to be told of what they have done themselves')
  })

  await t.test('one tab listens for all, and when it is closed the next one does', async t => {
    const context = await newContext(t, chromium)
    const first = await context.newPage()
    const streams = countStreams(first)
    await signInByClick(first, lab, 'Alice Anders')
    await until('the first tab listens', () => streams.opened === 1)
    const { page: second, streams: secondStreams } = await openTab(context)
    const { page: third, streams: thirdStreams } = await openTab(context)
    t.strictSame([secondStreams.opened, thirdStreams.opened], [0, 0])

    await first.close()
    await until('another tab listens', () => secondStreams.opened + thirdStreams.opened === 1)
    t.equal(secondStreams.opened, 1, 'the one that has waited longest')
    const ended = await signOut(third)
    await signInLink(second).waitFor()
    t.comment(`the tab shows it after ${Math.round(performance.now() - ended)} ms`)
  })

  await t.test('a session that ends while the listening tab goes is noticed by the next one', async t => {
    const context = await newContext(t, chromium)
    const first = await context.newPage()
    const streams = countStreams(first)
    await signInByClick(first, lab, 'Alice Anders')
    await until('the first tab listens', () => streams.opened === 1)
    const { page: second, streams: secondStreams } = await openTab(context)
    await second.route('**/session/events', async route => {
      // Only when there is nothing left to tell of.
      await context.clearCookies({ name: /session$/, domain: new URL(lab.app).hostname })
      await route.continue()
    })
    await first.close()
    await signInLink(second).waitFor()
    t.equal(secondStreams.opened, 1, 'and nobody asks again')
  })

  await t.test('with more tabs than a browser has connections to a host, each still gets its answers', async t => {
    const context = await newContext(t, chromium)
    await signInByClick(await context.newPage(), lab, 'Alice Anders')
    const tabs: Page[] = []
    for (let count = 0; count < 7; count++) tabs.push((await openTab(context)).page)
    const ended = await signOut(tabs.pop()!)
    await Promise.all(tabs.map(tab => signInLink(tab).waitFor()))
    t.equal(tabs.length, 6)
    t.comment(`all ${tabs.length} tabs show it after ${Math.round(performance.now() - ended)} ms`)
  })

  await t.test('a sign-in in one tab shows in the other, whoever was signed in before', async t => {
    const { page } = await openPage(t, chromium)
    await page.goto(lab.app)
    await signInLink(page).waitFor()
    const other = await page.context().newPage()
    await signInByClick(other, lab, 'Alice Anders')
    await personIn(page, 'Alice Anders').waitFor()

    // Of another person, and without a sign-out in between.
    await page.context().clearCookies({ domain: new URL(lab.issuer).hostname })
    await signInByClick(other, lab, 'Bob Brandt')
    await personIn(page, 'Bob Brandt').waitFor()
    await signOut(other)
    await signInLink(page).waitFor()
    t.pass('and that the second session ends shows as well')
  })

  await t.test('where nobody is signed in, nobody listens', async t => {
    const { page, complaints } = await openPage(t, chromium)
    const streams = countStreams(page)
    await page.goto(lab.app)
    await page.getByRole('button', { name: 'Open messenger' }).waitFor()
    t.equal(streams.opened, 0)
    t.strictSame(complaints, [])
  })

  await t.test('a tab outlives the server, and goes on listening when it is there again', async t => {
    const { page } = await openPage(t, chromium)
    const streams = countStreams(page)
    await signInByClick(page, lab, 'Alice Anders')
    await until('it listens', () => streams.opened === 1)
    await lab.stop('relying-party')
    await lab.start('relying-party')
    await until('it listens again', () => streams.opened > 1)
    await personIn(page, 'Alice Anders').waitFor()
    const { page: other } = await openTab(page.context())
    await signOut(other)
    await signInLink(page).waitFor()
    t.equal(await page.getByText('We could not load your account.').isVisible(), false)
  })

  await t.test('a tab that was refused the stream asks for it again when its person is back', async t => {
    const { page } = await openPage(t, chromium)
    let refused = 0
    await page.route('**/session/events', route => refused++ < 3 ? route.fulfill({ status: 503, body: '' }) : route.continue())
    await signInByClick(page, lab, 'Alice Anders')
    await until('it was refused', () => refused > 2)
    await page.evaluate(() => { Reflect.get(globalThis, 'document').dispatchEvent(new Event('visibilitychange')) })
    await until('it has asked again', () => refused > 3)
    await signOut((await openTab(page.context())).page)
    await signInLink(page).waitFor()
    t.equal(refused, 4, 'it does not ask more often than it has to')
  })

  await t.test('"back" to a page that was left signed in shows it as it is now', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    await page.goto(`${lab.issuer}/session/end`)
    await page.context().clearCookies({ domain: new URL(lab.app).hostname })
    await page.goBack()
    await signInLink(page).waitFor()
    t.equal(await page.locator('#account').isVisible(), false)
  })
}
