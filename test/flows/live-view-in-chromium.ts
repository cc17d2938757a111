import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { startChromium } from '../helpers/chromium.ts'
import { ConsoleApi } from '../helpers/console.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

const markup = '<img src="/x" onerror="document.title=\'broken\'">'

/** The page on which the real exchange draws itself. */
export async function liveViewInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the live view')
  if (!chromium) return
  const live = new ConsoleApi(lab)

  /** The live view, and what the browser says against the page. */
  async function openLive (t: Test, { width = 1400, colorScheme = 'light' as 'light' | 'dark' } = {}) {
    const context = await chromium!.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
    t.teardown(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
    page.on('pageerror', error => complaints.push(error.message))
    await page.goto(`${lab.console}/live`)
    await page.locator('.state').getByText('Live', { exact: true }).waitFor()
    return { page, complaints }
  }

  /** Sign in, and choose that journey: others go on beside it. */
  async function signIn (page: Page, username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    await choose(page, username)
  }

  async function choose (page: Page, username: string) {
    const name = lab.user(username).username
    const { id } = await live.latest(name, ({ who, outcome }) => who.includes(name) && outcome !== 'under way')
    await page.locator(`button[data-journey="${id}"]`).click()
  }

  const row = (page: Page, name: RegExp) => page.getByRole('list', { name: /^Messages/ }).getByRole('button', { name }).first()

  await t.test('a sign-in draws itself, and three clicks lead from the nonce in the ID token to where it was made, and one back', async t => {
    const { page, complaints } = await openLive(t)
    await signIn(page, 'alice')
    await row(page, /back channel: POST \/token/).click()
    await page.getByRole('tab', { name: 'Tokens' }).click()
    const nonce = page.locator('.details dl > div').filter({ has: page.getByText('nonce', { exact: true }) })
    await nonce.getByRole('button', { name: 'message 1', exact: true }).click()
    await page.getByRole('heading', { name: '1. GET login' }).waitFor()
    const made = page.locator('.details dl > div').filter({ has: page.getByText('nonce', { exact: true }) })
    await made.locator('.value').first().hover()
    await page.waitForFunction('document.querySelectorAll(".messages .lit").length >= 3')
    t.match(await made.textContent(), /made here, again in/)
    await made.getByRole('button', { name: /^message/ }).last().click()
    await page.getByRole('tab', { name: 'Tokens', selected: true }).waitFor()
    t.strictSame(complaints, [], 'and the browser has nothing against the page')
  })

  await t.test('a check that does not hold is marked in the picture, with what was expected and found', async t => {
    const { page } = await openLive(t)
    const { username } = lab.user('bob')
    await createControlApiClient(lab.issuer).faults.switchOn('id-token-invalid-nonce', { username, client_id: lab.settings['OIDC_CLIENT_ID']!, count: 1 })
    const browser = new Browser(lab)
    await browser.submit(await browser.openSignIn(), { username, password: lab.user('bob').password })
    await choose(page, 'bob')
    await row(page, /a check does not hold/).click()
    await page.getByRole('tab', { name: 'Checks' }).click()
    const finding = page.getByRole('article').first()
    t.match(await finding.textContent(), /id token nonce.*does not hold; the application refused it.*nonce-of-another-request.*OpenID Connect Core 1\.0, section 3\.1\.3\.7/s)
  })

  await t.test('all of it works by keyboard alone', async t => {
    const { page } = await openLive(t)
    await signIn(page, 'alice')
    await row(page, /login/).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'Story' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.getByRole('heading', { name: /^2\. / }).waitFor()
    await page.getByRole('tab', { selected: true }).focus()
    await page.keyboard.press('ArrowRight')
    t.equal(await page.getByRole('tab', { selected: true }).textContent(), 'Parameters')
    await page.keyboard.press('Escape')
    await page.getByRole('tabpanel').waitFor({ state: 'hidden' })
    t.match(await page.evaluate('document.activeElement.closest(".messages button")?.textContent'), /GET \/auth/, 'and the message has the focus again')
  })

  await t.test('no heading of a message stands there without anything below it', async t => {
    const { page } = await openLive(t)
    await signIn(page, 'alice')
    await row(page, /back channel: GET \/jwks|GET \/messenger\/login/).click()
    for (const tab of ['Parameters', 'Headers']) {
      await page.getByRole('tab', { name: tab }).click()
      const empty = await page.locator('.details h3').evaluateAll(headings => headings.filter(({ nextElementSibling: next }) => !next?.textContent?.trim()).map(({ textContent }) => textContent))
      t.strictSame(empty, [], tab)
    }
  })

  await t.test('where no journey is as it is looked for, the page says so, and not that there is none', async t => {
    const { page } = await openLive(t)
    await signIn(page, 'alice')
    await page.getByRole('searchbox', { name: 'Find' }).fill('nobody-is-called-that')
    await page.getByText('None of them is of this realm and as it is looked for').waitFor()
    t.equal(await page.getByText('Nothing yet.').isVisible(), false)
    await page.getByRole('searchbox', { name: 'Find' }).fill('')
    await page.getByText('None of them').waitFor({ state: 'hidden' })
  })

  await t.test('what people write stays text', async t => {
    const { page, complaints } = await openLive(t)
    const api = new GenesysApi(lab)
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    guest.send('onMessage', { message: { type: 'Text', text: markup } })
    await choose(page, 'alice')
    await row(page, /onMessage/).click()
    await page.getByRole('tab', { name: 'Parameters' }).click()
    await page.getByText(markup).first().waitFor()
    t.not(await page.title(), 'broken')
    t.strictSame(complaints, [])
    await guest.close()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`axe finds nothing in ${colorScheme} colours, and nothing is wider than a small phone`, async t => {
      const { page } = await openLive(t, { colorScheme, width: 360 })
      await signIn(page, 'alice')
      await row(page, /POST \/token/).click()
      const tabs = await page.getByRole('tab').allTextContents()
      t.ok(tabs.length > 4)
      for (const tab of tabs) {
        await page.getByRole('tab', { name: tab }).click()
        const { violations } = await new AxeBuilder({ page }).analyze()
        t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], tab)
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, `${tab} fits`)
      }
      await page.goto(`${lab.console}/`)
      await page.getByText('runs', { exact: true }).first().waitFor()
      const { violations } = await new AxeBuilder({ page }).analyze()
      t.strictSame(violations.map(({ id }) => id), [], 'home')
    })
  }
}
