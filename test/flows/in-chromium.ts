import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger, signInAs, signInByClick, signOutByClick } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'

/** What a person does, in a real browser. */
export async function inChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a person signs in and chats in Chromium')
  if (!chromium) return

  await t.test('a person signs in by a click, chats by name, finds the conversation after a reload and signs out', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await page.goto(lab.app)
    await page.getByRole('link', { name: 'Sign in', exact: true }).click()
    await signInAs(page, 'Alice Anders').click()
    await page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    t.equal(page.url(), `${lab.app}/`)

    await page.getByRole('button', { name: 'Open messenger' }).click()
    const messenger = page.getByRole('dialog', { name: 'Messenger' })
    const log = messenger.getByRole('log')
    await log.getByText('Hello Alice').waitFor()
    await messenger.getByText('Signed in').first().waitFor()

    await messenger.getByRole('textbox').fill('Who am I?')
    await page.keyboard.press('Enter')
    await log.getByText('You are Alice Anders').waitFor()

    await page.reload()
    await showMessenger(page)
    await log.getByText('Hello Alice').waitFor()
    await log.getByText('Who am I?').waitFor()
    await log.getByText('You are Alice Anders').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 1, 'nothing is there twice')

    await signOutByClick(page)
    const left = await page.evaluate(() => Object.keys(localStorage).filter(key => /gcatkn|gcartkn/.test(key)))
    t.strictSame(left, [], 'no token of the Messenger is left behind')

    await page.getByRole('link', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('Password').waitFor()
    t.match(page.url(), `${lab.issuer}/interaction/`)
    t.strictSame(complaints, [], 'nothing in the console')
  })

  await t.test('a person signs in from somewhere on the page, and is there again', async t => {
    const { page } = await openPage(t, chromium)
    await page.goto(`${lab.app}/?a=1`)
    await page.getByRole('link', { name: 'Before you paddle' }).click()
    await page.getByRole('link', { name: 'Sign in', exact: true }).click()
    await signInAs(page, 'Alice Anders').click()
    await page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    t.equal(page.url(), `${lab.app}/?a=1#steps`)
  })

  await t.test('a person signs in from an address that is too long to be kept, and is at home', async t => {
    const { page } = await openPage(t, chromium)
    await page.goto(`${lab.app}/?q=${'a'.repeat(7_000)}`)
    await page.getByRole('link', { name: 'Sign in', exact: true }).click()
    await signInAs(page, 'Alice Anders').click()
    await page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    t.equal(page.url(), `${lab.app}/`)
  })

  await t.test('who opens the Messenger without being signed in is asked to sign in, and can', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await page.goto(lab.app)
    await page.getByRole('button', { name: 'Open messenger' }).click()
    await page.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' }).click()
    await signInAs(page, 'Sunniva').click()
    await page.getByRole('banner').getByText('Sunniva', { exact: true }).waitFor()
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Sunniva').waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('the next person at the same browser sees nothing of the first one\'s conversation', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
    // Alice's sessions end without her signing out of the Messenger, as when they expire.
    await page.context().clearCookies()

    await signInByClick(page, lab, 'Bob Brandt')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Bob').waitFor()
    await isShown(t, page.getByRole('log').getByText('Alice'), 0)
  })

  await t.test('when two tabs sign in as two people, the later one counts, for the page and for the Messenger', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await page.goto(`${lab.app}/login`)
    const other = await page.context().newPage()
    await signInByClick(other, lab, 'Alice Anders')
    await showMessenger(other)
    await other.getByRole('log').getByText('Hello Alice').waitFor()

    await signInAs(page, 'Bob Brandt').click()
    await page.getByRole('heading', { name: 'Somebody else is signed in' }).waitFor()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Bob').waitFor()
    await isShown(t, page.getByRole('log').getByText('Alice'), 0)
    t.strictSame(complaints, [])
  })

  await t.test('signing out in one tab signs the Messenger out in the other', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
    const other = await page.context().newPage()
    await other.goto(lab.app)
    await showMessenger(other)
    await other.getByRole('log').getByText('Hello Alice').waitFor()

    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await other.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' }).waitFor()
    t.equal(await other.getByRole('log').getByText('Hello Alice').isVisible(), false)
  })

  await t.test('the identity provider\'s pages work without JavaScript and by keyboard alone', async t => {
    const page = await (await newContext(t, chromium, { javaScriptEnabled: false })).newPage()
    await page.goto(`${lab.app}/login`)
    const { username, password } = lab.user('carol')
    await page.locator('input[name=username]:focus').waitFor()
    await page.keyboard.type(username)
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    const allow = page.getByRole('button', { name: 'Allow', exact: true })
    while (page.url().startsWith(lab.issuer)) {
      await allow.waitFor()
      const asked = page.url()
      await allow.press('Enter')
      await page.waitForURL(url => url.href !== asked)
    }
    t.equal(page.url(), `${lab.app}/`)
  })
}
