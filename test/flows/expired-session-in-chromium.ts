import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, signInByClick } from '../helpers/messenger-window.ts'

const hour = 60 * 60

/** A session that has expired, as its person sees it. */
export async function expiredSessionInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a session that has expired')
  if (!chromium) return
  const { clock } = createControlApiClient(lab.issuer)
  t.teardown(() => clock.reset())

  await t.test('a session that nobody uses ends, the page says so, and leads back to where the person was', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    await page.goto(`${lab.app}/?tour=moonrise`)
    const person = page.getByRole('banner').getByText('Alice Anders', { exact: true })
    await person.waitFor()
    await clock.set(hour + 60)
    const notice = page.getByRole('region', { name: 'Signed out' })
    await notice.getByText('Your session has expired').waitFor()
    await notice.getByRole('link', { name: 'Sign in again' }).click()
    await person.waitFor()
    t.equal(page.url(), `${lab.app}/?tour=moonrise`)
    t.equal(await notice.isVisible(), false)
    // Not before: with the clock put back, the session would not have expired yet.
    await clock.reset()
  })
}
