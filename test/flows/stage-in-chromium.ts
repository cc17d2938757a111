import { AxeBuilder } from '@axe-core/playwright'
import type { Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium, type ChromiumOptions } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger, signInAs, signInByClick, write } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const pane = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const frame = (page: Page, name: string) => page.frameLocator(`iframe[title="${name}"]`)

/** What of an element tells whether something lies on it. */
interface Shown {
  ownerDocument: { elementFromPoint (x: number, y: number): Shown | null }
  contains (other: Shown | null): boolean
  getBoundingClientRect (): { top: number, bottom: number, left: number, right: number }
}

/** Shop, desk and live picture side by side, where the shop and its provider are sites of their own. */
export async function stageInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the stage')
  if (!chromium) return

  async function openStage (t: Test, { width = 1280, height = 720, colorScheme = 'light' as 'light' | 'dark' } = {}) {
    const opened = await openPage(t, chromium!, { viewport: { width, height }, colorScheme })
    await opened.page.goto(`${lab.console}/stage`)
    return opened
  }

  /** As a person has it, who sees windows on a screen. */
  async function openInWindow (t: Test, options: ChromiumOptions = {}) {
    const screen = { width: 1280, height: 850 }
    const browser = await startChromium(t, 'the stage in windows', { ...options, screen })
    const opened = await openPage(t, browser!, { viewport: null })
    const devTools = await opened.page.context().newCDPSession(opened.page)
    const { windowId } = await devTools.send('Browser.getWindowForTarget')
    await devTools.send('Browser.setWindowBounds', { windowId, bounds: { left: 0, top: 0, ...screen } })
    await opened.page.goto(`${lab.console}/stage`)
    return opened
  }

  /** Where a window is on the screen. */
  const placeOf = async (page: Page) => await page.evaluate('({ left: screenX, right: screenX + outerWidth, bottom: screenY + outerHeight })') as { left: number, right: number, bottom: number }

  /** That the shop and the rest of the stage share the screen, and one sees in them what everybody does. */
  async function isPlayed (t: Test, shop: Page, stage: Page) {
    await shop.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
    await frame(stage, 'Desk').getByRole('heading', { name: 'Agent desk' }).waitFor()
    await frame(stage, 'Live picture').getByRole('button', { name: 'Pause' }).waitFor()
    await pane(stage, 'Shop and chat').waitFor({ state: 'hidden' })
    const [left, right] = [await placeOf(shop), await placeOf(stage)]
    t.ok(left.right <= right.left, `beside each other: ${JSON.stringify([left, right])}`)
    const screen = await stage.evaluate('({ width: screen.width, height: screen.height })') as { width: number, height: number }
    t.ok(left.left >= 0 && right.right <= screen.width, `on the screen: ${JSON.stringify(screen)}`)

    await shop.getByRole('link', { name: 'Sign in', exact: true }).click()
    await signInAs(shop, 'Alice Anders').click()
    await shop.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    await shop.getByRole('button', { name: 'Open messenger' }).click()
    await shop.getByRole('log').getByText('Hello Alice').waitFor()
    await frame(stage, 'Desk').getByRole('button', { name: /Alice Anders/ }).first().click()
    await frame(stage, 'Desk').getByRole('log').getByText('Hello Alice').waitFor()
    await frame(stage, 'Live picture').getByRole('button', { name: /GET \/callback/ }).first().waitFor()
  }

  await t.test('desk and live picture stand in the page, and one click has the shop and them in two windows side by side', async t => {
    const { page, complaints } = await openInWindow(t)
    await frame(page, 'Desk').getByRole('heading', { name: 'Agent desk' }).waitFor()
    await isShown(t, frame(page, 'Live picture').getByRole('navigation').filter({ visible: true }), 0, 'the picture alone')

    const windows = () => page.context().pages().slice(1)
    const windowAt = (url: string) => windows().find(window => window.url().startsWith(url))
    await page.getByRole('button', { name: 'Shop and stage side by side' }).click()
    await until('both windows are open', () => windowAt(lab.app) !== undefined && windowAt(`${lab.console}/stage`) !== undefined)
    await isPlayed(t, windowAt(lab.app)!, windowAt(`${lab.console}/stage`)!)
    t.strictSame(complaints, [])
  })

  await t.test('in a browser that opens one window for a click, the shop is opened from the other one', async t => {
    const { page } = await openInWindow(t, { popups: 'blocked' })
    const [stage] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Shop and stage side by side' }).click()])
    await frame(stage, 'Desk').getByRole('heading', { name: 'Agent desk' }).waitFor()
    t.equal(page.context().pages().length, 2)
    const [shop] = await Promise.all([
      page.context().waitForEvent('page'), stage.getByRole('button', { name: 'Open the shop beside this' }).click()
    ])
    await isPlayed(t, shop, stage)
  })

  for (const [who, height] of [['Alice Anders', 720], ['Bob Brandt', 850]] as const) {
    await t.test(`at 1280 × ${height} the desk shows three messages of a conversation whole, and where to answer`, async t => {
      const { page: guest } = await openPage(t, chromium)
      await signInByClick(guest, lab, who)
      await showMessenger(guest)
      await guest.getByRole('log').getByText('Hello').first().waitFor()

      const { page } = await openStage(t, { width: 1280, height })
      const desk = frame(page, 'Desk')
      await desk.getByRole('button', { name: who }).first().click()
      await desk.getByRole('button', { name: 'Take conversation' }).click()
      const reply = desk.getByRole('textbox', { name: 'Reply' })
      for (const text of ['Good morning.', 'The tide is out until noon, so the long tour starts at one.']) {
        await reply.fill(text)
        await page.keyboard.press('Enter')
        await desk.getByRole('log').getByText(text).last().waitFor()
      }
      await write(guest, 'Then I will be there at half past twelve.')
      await desk.getByRole('log').getByText('at half past twelve').waitFor()

      const place = (await page.locator('.desk .place').boundingBox())!
      /** Whether somebody sees all of it: it is in the frame, and nothing of the desk lies on it. */
      const isWhole = async (what: Locator) => {
        const box = (await what.boundingBox())!
        const isInFrame = box.y >= place.y && box.y + box.height <= place.y + place.height && box.x >= place.x && box.x + box.width <= place.x + place.width
        return isInFrame && await what.evaluate((element: Shown) => {
          const { top, bottom, left, right } = element.getBoundingClientRect()
          return [top + 1, bottom - 1].every(y => element.contains(element.ownerDocument.elementFromPoint((left + right) / 2, y)))
        })
      }
      await until('three messages are to be seen', async () => {
        const whole = await Promise.all((await desk.locator('.bubble').all()).slice(-3).map(isWhole))
        return whole.length === 3 && whole.every(Boolean)
      })
      t.ok(await isWhole(reply))
      t.ok(await isWhole(desk.getByRole('button', { name: 'Send', exact: true })))
      const { height: pictureHeight } = (await page.locator('.picture .place').boundingBox())!
      t.ok(pictureHeight > 200, `${pictureHeight} pixels for the picture`)
    })
  }

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
