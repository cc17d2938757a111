import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { onNow, openControls } from '../helpers/controls-page.ts'
import type { Lab } from '../helpers/lab.ts'

const daySeconds = 24 * 60 * 60

/** The clock, which the whole lab goes by. */
export async function controlsClockInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the clock on the pages of the console')
  if (!chromium) return
  const { clock } = createControlApiClient(lab.issuer)
  t.teardown(() => clock.reset())

  await t.test('the clock of the whole lab moves by a click, by a slider, and back', async t => {
    const { page } = await openControls(t, lab, { section: 'clock' })
    const offsets = async () => Promise.all([lab.issuer, lab.app, lab.genesys].map(async url => ((await (await fetch(`${url}/lab/clock`)).json()) as { offsetSeconds: number }).offsetSeconds))
    await page.getByRole('button', { name: '+1 day' }).click()
    await page.getByText('1 d ahead').first().waitFor()
    t.strictSame(await offsets(), Array(3).fill(daySeconds))
    await onNow(page).getByText('The clock is 1 d ahead').waitFor()
    const slider = page.getByRole('slider')
    t.equal(await slider.inputValue(), String(daySeconds))
    await slider.press('ArrowRight')
    await page.getByText('1 d 15 min ahead').first().waitFor()
    await page.getByRole('list', { name: 'What came of it' }).getByText(`${lab.genesys}: moved`).waitFor()
    t.strictSame(await offsets(), Array(3).fill(daySeconds + 900))
    await onNow(page).getByRole('button', { name: 'Put the clock back to now', exact: true }).click()
    await onNow(page).getByText('Nothing').waitFor()
    t.strictSame(await offsets(), [0, 0, 0])
  })

  await t.test('the first page says that the clock was moved, without a reload', async t => {
    const page = await (await newContext(t, chromium)).newPage()
    await page.goto(lab.console)
    await page.getByText('Nothing: the provider is strict').waitFor()
    await clock.set(3_600)
    await page.getByText('The clock is 1 h ahead').waitFor()
  })
}
