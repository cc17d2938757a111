import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, signInAs } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const pane = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const frame = (page: Page, name: string) => page.frameLocator(`iframe[title="${name}"]`)

/** Shop, desk and live picture side by side, where the shop and its provider are sites of their own. */
export async function stageInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the stage')
  if (!chromium) return

  async function openStage (t: Test, { width = 1280, height = 720, colorScheme = 'light' as 'light' | 'dark' } = {}) {
    const opened = await openPage(t, chromium!, { viewport: { width, height }, colorScheme })
    await opened.page.goto(`${lab.console}/stage`)
    return opened
  }

  await t.test('desk and live picture stand in the page, and the shop in a window at its place, in which a person signs in', async t => {
    const { page, complaints } = await openStage(t)
    await frame(page, 'Desk').getByRole('heading', { name: 'Agent desk' }).waitFor()
    await frame(page, 'Live picture').getByRole('button', { name: 'Pause' }).waitFor()
    await isShown(t, frame(page, 'Live picture').getByRole('navigation').filter({ visible: true }), 0, 'the picture alone')

    const opened = page.context().waitForEvent('page')
    await page.getByRole('button', { name: 'Open the shop here' }).click()
    const shop = await opened
    await shop.getByRole('link', { name: 'Sign in', exact: true }).click()
    await signInAs(shop, 'Alice Anders').click()
    await shop.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    await frame(page, 'Live picture').getByRole('button', { name: /GET \/callback/ }).first().waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('one pane has all the room, by keyboard too, and gives it back', async t => {
    const { page } = await openStage(t)
    const enlarge = page.getByRole('button', { name: 'Enlarge Desk' })
    await enlarge.focus()
    await page.keyboard.press('Enter')
    await pane(page, 'Live picture').waitFor({ state: 'hidden' })
    t.equal(await enlarge.getAttribute('aria-pressed'), 'true')
    const { width } = (await pane(page, 'Desk').boundingBox())!
    t.ok(width > 1240, `${width} pixels`)
    await page.keyboard.press('Escape')
    await pane(page, 'Live picture').waitFor()
    t.equal(await enlarge.getAttribute('aria-pressed'), 'false')
  })

  await t.test('larger type is in the panes, and in the address', async t => {
    const { page } = await openStage(t)
    const desk = frame(page, 'Desk')
    await desk.getByRole('heading', { name: 'Agent desk' }).waitFor()
    // What a page believes to have of the room that it fills.
    const isLarger = async () => {
      const { width } = (await desk.owner().boundingBox())!
      return Math.abs(width / Number(await desk.locator('html').evaluate('innerWidth')) - 1.5) < 0.01
    }
    t.notOk(await isLarger())
    await page.getByRole('combobox', { name: 'Type' }).selectOption('150 %')
    await until('the type is larger', isLarger)
    await page.reload()
    await until('the type is larger after a reload', isLarger)
  })

  await t.test('a window that is too narrow says so, leads to each thing by itself, and runs none of them', async t => {
    const { page } = await openStage(t, { width: 960 })
    await page.getByText('it takes 1,000 pixels').waitFor()
    for (const name of ['The shop, with its chat', 'The desk', 'The live picture']) await isShown(t, page.getByRole('link', { name }), 1)
    t.strictSame(page.frames().map(frame => frame.url()).filter(url => url !== 'about:blank'), [`${lab.console}/stage`])
    await page.setViewportSize({ width: 1280, height: 720 })
    await frame(page, 'Desk').getByRole('heading', { name: 'Agent desk' }).waitFor()
  })

  for (const [width, height] of [[1280, 720], [1920, 1080]] as const) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await t.test(`everything has its place and its contrast at ${width} × ${height}, ${colorScheme}`, async t => {
        const { page, complaints } = await openStage(t, { width, height, colorScheme })
        await page.getByRole('combobox', { name: 'Brand' }).locator('option').first().waitFor({ state: 'attached' })
        t.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth || document.documentElement.scrollHeight > innerHeight'), false)
        // The pages in the frames have tests of their own.
        const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
        t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [])
        t.strictSame(complaints, [])
      })
    }
  }
}
