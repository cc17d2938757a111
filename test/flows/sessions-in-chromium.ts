import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger, signInByClick } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/18.5 Mobile/15E148 Safari/604.1'

/** Where a person is signed in, and what they are told when that ends. */
export async function sessionsInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'where a person is signed in, in Chromium')
  if (!chromium) return

  const notice = (page: Page) => page.getByRole('region', { name: 'Signed out' })
  const list = (page: Page) => page.getByRole('region', { name: 'Where you are signed in' })
  const rows = (page: Page) => list(page).getByRole('listitem')
  const signInLink = (page: Page) => page.getByRole('link', { name: 'Sign in', exact: true })

  /** Somebody in a browser of their own, at the page with the conversation open. */
  async function signedIn (t: Test, name: string, userAgent?: string) {
    const { page } = await openPage(t, chromium!, userAgent === undefined ? {} : { userAgent })
    await signInByClick(page, lab, name)
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello').waitFor()
    return page
  }

  const messengerSignIn = (page: Page) => page.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' })

  /** Have all sessions of a person end, so that lists begin empty. */
  async function endAll (t: Test, name: string) {
    const { page } = await openPage(t, chromium!)
    await signInByClick(page, lab, name)
    await page.getByRole('button', { name: 'Sign out everywhere' }).click()
    await signInLink(page).waitFor()
  }

  /** What axe finds in the part of the page that a selector names. */
  async function violations (page: Page, selector: string) {
    const { violations } = await new AxeBuilder({ page }).include(selector).analyze()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`)
  }

  await t.test('the account shows in which browsers the person is signed in, and ends one of them', async t => {
    await endAll(t, 'Alice Anders')
    const laptop = await signedIn(t, 'Alice Anders', firefox)
    const phone = await signedIn(t, 'Alice Anders', iphone)
    await until('both are in the list', async () => await rows(phone).count() === 2)
    t.match(await rows(phone).first().innerText(), /Safari on iPhone\s+this browser\s+Since \d.+, last used \d/)
    t.match(await rows(phone).last().innerText(), /Firefox on Linux\s+Since \d.+, last used \d.+\s+End session/)
    t.equal(await list(phone).getByRole('button', { name: 'End session' }).count(), 1, 'this one ends by signing out')
    t.strictSame(await violations(phone, '#account'), [])

    await list(phone).getByRole('button', { name: 'End session of Firefox on Linux' }).click()
    await notice(laptop).getByText('You were signed out here from another browser.').waitFor()
    await messengerSignIn(laptop).waitFor()
    t.strictSame(await violations(laptop, '#ended'), [])
    t.match(await laptop.getByRole('status').allInnerTexts(), ['You were signed out here from another browser.'])

    await until('the list is as long as it should be', async () => await rows(phone).count() === 1)
    t.match(await rows(phone).innerText(), 'Safari on iPhone')
    const heading = list(phone).getByRole('heading', { name: 'Where you are signed in' })
    t.equal(await heading.evaluate(heading => heading === heading.ownerDocument.activeElement), true, 'the focus is kept near')
    await phone.getByRole('status').getByText('Session ended: Firefox on Linux').waitFor()
  })

  await t.test('a session that cannot be ended now is still in the list, and the page says so', async t => {
    await endAll(t, 'Alice Anders')
    await signedIn(t, 'Alice Anders', firefox)
    const phone = await signedIn(t, 'Alice Anders', iphone)
    await phone.route('**/sessions/*/end', route => route.fulfill({ status: 503, body: '' }))
    const end = list(phone).getByRole('button', { name: 'End session of Firefox on Linux' })
    await end.click()
    await list(phone).getByText('We could not end the session of Firefox on Linux.').waitFor()
    t.equal(await end.isEnabled(), true)
    await phone.unroute('**/sessions/*/end')
    await end.click()
    await isShown(t, rows(phone), 1)
    await isShown(t, list(phone).getByText('We could not'), 0)
  })

  await t.test('who signs out everywhere is signed out in every browser, and of every Messenger', async t => {
    const laptop = await signedIn(t, 'Alice Anders', firefox)
    const bob = await signedIn(t, 'Bob Brandt')
    const phone = await signedIn(t, 'Alice Anders', iphone)
    const answered = phone.waitForResponse(response => new URL(response.url()).pathname === '/logout/everywhere')
    await phone.getByRole('button', { name: 'Sign out everywhere' }).click()
    await answered
    const ended = performance.now()
    await notice(laptop).getByText('You were signed out here from another browser.').waitFor()
    t.comment(`the other browser shows it after ${Math.round(performance.now() - ended)} ms`)
    await messengerSignIn(laptop).waitFor()
    await signInLink(phone).waitFor()
    const left = await phone.evaluate(() => Object.keys(localStorage).filter(key => /gcatkn|gcartkn/.test(key)))
    t.strictSame(left, [])
    t.ok(await bob.getByRole('banner').getByText('Bob Brandt', { exact: true }).isVisible(), 'and nobody else is')
  })

  await t.test('a sign-out at the identity provider signs out all tabs and the Messenger, and says why', async t => {
    const page = await signedIn(t, 'Alice Anders')
    const other = await page.context().newPage()
    await other.goto(lab.app)
    await other.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    const provider = await page.context().newPage()
    await provider.goto(`${lab.issuer}/session/end`)
    await provider.getByRole('button', { name: 'Sign out' }).click()
    for (const tab of [page, other]) await notice(tab).getByText('the service that you sign in with has signed you out').waitFor()
    await messengerSignIn(page).waitFor()
    t.strictSame(await page.evaluate(() => Object.keys(localStorage).filter(key => /gcatkn|gcartkn/.test(key))), [])
  })

  await t.test('whoever dismisses the reason sees it no more, until another session ends', async t => {
    const page = await signedIn(t, 'Alice Anders')
    const endHere = async () => {
      const other = await signedIn(t, 'Alice Anders')
      await other.getByRole('button', { name: 'Sign out everywhere' }).click()
      await notice(page).waitFor()
    }
    await endHere()
    await notice(page).getByRole('button', { name: 'Dismiss' }).click()
    await notice(page).waitFor({ state: 'hidden' })
    t.equal(await page.locator('main').evaluate(main => main === main.ownerDocument.activeElement), true)
    await page.reload()
    await signInLink(page).waitFor()
    t.equal(await notice(page).isVisible(), false)

    await page.goto(`${lab.app}/login`)
    await page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    await endHere()
    t.ok(await notice(page).isVisible())
  })

  for (const [reason, words] of [
    ['refused_by_provider', /no longer confirms who you are/],
    ['something_new', /^You were signed out\.$/]
  ] as const) {
    await t.test(`an end for the reason ${reason} is told in words`, async t => {
      const { page } = await openPage(t, chromium)
      await page.route('**/session', route => route.fulfill({ json: { authenticated: false, ended: { reason } } }))
      await page.goto(lab.app)
      await notice(page).waitFor()
      t.match(await page.locator('#ended-reason').innerText(), words)
      t.match(await page.getByRole('status').allInnerTexts(), [words])
    })
  }

  await t.test('who reads keeps the session alive, by one request a minute and none without doing anything', async t => {
    const { page } = await openPage(t, chromium)
    await page.clock.install()
    // A Messenger that has authenticated makes the page ask as well.
    await page.route(`${lab.genesys}/**`, route => route.abort())
    const listening = page.waitForResponse(`${lab.app}/session/events`)
    await signInByClick(page, lab, 'Alice Anders')
    await listening
    await rows(page).first().waitFor()
    let asked = 0
    page.on('request', request => { if (new URL(request.url()).pathname === '/session') asked++ })
    const actions = [
      () => page.mouse.move(200, 200),
      () => page.mouse.click(10, 10),
      () => page.keyboard.press('Shift'),
      () => page.evaluate(() => Reflect.get(globalThis, 'scrollBy')(0, 50))
    ]

    for (const act of actions) await act()
    t.equal(asked, 0, 'a page that was just loaded has just asked')
    for (const [times, act] of actions.entries()) {
      await page.clock.fastForward('10:00')
      t.equal(asked, times, 'time alone is no reason')
      await act()
      await until('it has asked', () => asked === times + 1)
      await page.keyboard.press('Shift')
      await page.clock.fastForward('00:30')
      await page.keyboard.press('Shift')
      t.equal(asked, times + 1, 'and asks once a minute')
    }
  })

  await t.test('who chats keeps the session alive as well', async t => {
    const { page } = await openPage(t, chromium)
    await page.clock.install()
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello').waitFor()
    await page.clock.fastForward('01:10')
    const asked = page.waitForRequest(request => new URL(request.url()).pathname === '/session')
    // By the Messenger's own means: the real one is in a frame, and the page does not see its keys.
    await page.evaluate(() => Reflect.get(globalThis, 'Genesys')('command', 'MessagingService.sendMessage', { message: 'Who am I?' }))
    t.ok(await asked)
  })
}
