import { AxeBuilder } from '@axe-core/playwright'
import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger, signInByClick } from '../helpers/messenger-window.ts'

/** The pages of a sign-in, for people who use them otherwise than by eye and mouse. */
export async function accessibilityInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'accessibility of the pages')
  if (!chromium) return

  await t.test('the pages have no accessibility violations that axe finds', async t => {
    const { page } = await openPage(t, chromium)
    const check = async (what: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], what)
    }
    await page.goto(lab.app)
    await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
    await check('host page, signed out')
    await page.goto(`${lab.app}/login`)
    await check('sign-in page')
    await page.getByLabel('User name').fill('carol')
    await page.getByLabel('Password').fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await check('sign-in page after a refusal')
    await page.getByRole('button', { name: 'Sign in as Carol Castellanos' }).click()
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    await check('consent page')
    await page.getByRole('button', { name: 'Cancel and go back' }).click()
    await page.getByRole('link', { name: 'Try again' }).waitFor()
    await check('page about a failed sign-in')
    await page.context().clearCookies()
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
    await check('host page with the Messenger open')
    await page.goto(`${lab.issuer}/session/end`)
    await check('sign-out page')
    await page.goto(`${lab.issuer}/auth`)
    await check('error page of the identity provider')
  })
}
