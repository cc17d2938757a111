import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { lessons } from '../../services/console/lessons/lessons.ts'
import type { Lesson } from '../../services/console/lessons/lesson.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'

// What Alice does in the window that opens, once she has followed the link of the attacker's page, where it is one: by lesson and move.
const byHand: Record<string, (page: Page) => Promise<void>> = {
  '5 open-link': keepCard,
  '15 follow-link': typeCard,
  '19 open-link': async page => {
    await page.getByLabel('Your message').fill('4711')
    await page.getByRole('button', { name: 'Send' }).click()
  },
  '20 sign-out': page => page.getByRole('button', { name: 'Sign out' }).click(),
  ...Object.fromEntries([7, 8, 9, 11, 14].map(number => [`${number} enter-card`, keepCard]))
}

async function asAlice (page: Page, number: number, move: string) {
  await page.waitForLoadState()
  if (page.url().endsWith('/lure')) await page.locator('main a.button, main form button').first().click()
  await byHand[`${number} ${move}`]?.(page)
}

async function typeCard (page: Page) {
  await page.getByLabel('Card number').fill('4711')
  await page.getByRole('button', { name: 'Keep it' }).click()
}

async function keepCard (page: Page) {
  await page.getByRole('link', { name: 'Your account' }).click()
  await typeCard(page)
}

/** The lessons, as somebody goes through them in a browser. */
export async function lessonsInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the lessons')
  if (!chromium) return
  const wide = { width: 1400, height: 900 }

  async function openPage (t: Test, options = {}): Promise<{ page: Page, complaints: string[] }> {
    const context = await newContext(t, chromium!, { viewport: wide, ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => { if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text()) })
    return { page, complaints }
  }

  async function begin (page: Page, { number }: Lesson) {
    await page.goto(`${lab.console}/lesson?n=${number}`)
    await page.getByRole('button', { name: 'Begin' }).click()
  }

  const step = (page: Page, name: string) => page.locator(`[data-step="${name}"]`)
  const done = (page: Page, name: string) => page.locator(`[data-step="${name}"].done`).waitFor()

  const playable = lessons.filter(({ moves }) => moves.length > 0)
  for (const lesson of playable) {
    await t.test(`lesson ${lesson.number}, “${lesson.title}”, is walked by “do it for me” from the honest sign-in to the mend`, async t => {
      const { page, complaints } = await openPage(t)
      await begin(page, lesson)
      for (const name of ['see', 'break', ...lesson.moves.map(({ name }) => name)]) {
        await step(page, name).locator('[data-call]').first().click()
        await done(page, name)
      }
      await done(page, 'gain')
      t.ok((await step(page, 'gain').locator('.loot dd').allTextContents()).join('').length > 0, 'the gain is there to be seen')

      for (const mend of lesson.mendedByAll ? lesson.mends : lesson.mends.slice(0, 1)) await step(page, 'mend').locator(`input[value="${mend}"]`).check()
      await step(page, 'mend').getByRole('button', { name: 'Mend it so' }).click()
      await done(page, 'mend')
      // Each is proven by the command that holds lessons to their promise, which takes a while: here, that a proof is shown.
      if (lesson.number === 5) {
        await step(page, 'prove').getByRole('button', { name: 'Prove it' }).click()
        await done(page, 'prove')
        t.equal(await page.locator('.proof .good').count(), 3)
        t.equal(await page.locator('.proof .bad').count(), 0)
        await page.route('**/attempts/*/proof', () => {})
        await step(page, 'prove').getByRole('button', { name: 'Prove it' }).click()
        t.equal(await page.locator('.proof li').count(), 0, 'while another proof is under way, nothing is left of the one before')
      }
      if (lesson.number === 7) {
        await page.getByRole('button', { name: 'The same attack on the relying party of the lab' }).click()
        await page.locator('.real:not([hidden]), .problem:not([hidden])').waitFor()
        t.equal(await page.locator('.problem').textContent(), '', 'nothing went wrong')
        t.ok((await page.locator('.real').textContent())!.length > 10, 'and it says why it refuses')
      }
      t.strictSame(complaints, [])
    })
  }

  for (const lesson of playable) {
    await t.test(`lesson ${lesson.number}, “${lesson.title}”, is walked by hand, with the shop and the attacker in windows of their own`, async t => {
      const { page } = await openPage(t)
      await begin(page, lesson)
      const opened = async (click: () => Promise<unknown>) => (await Promise.all([page.context().waitForEvent('page'), click()]))[0]

      const shop = await opened(() => step(page, 'see').getByRole('link', { name: 'Open the shop' }).click())
      await shop.getByRole('link', { name: 'Sign in' }).click()
      await shop.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
      await shop.getByText('Signed in as Alice Anders').waitFor()
      await done(page, 'see')
      await shop.close()
      await step(page, 'break').getByRole('button', { name: 'Break it' }).click()
      await done(page, 'break')

      for (const { name, by, says } of lesson.moves) {
        const window = await opened(() => step(page, name).getByRole('link').click())
        if (by === 'mallory') await window.getByRole('button', { name: says }).click()
        else await asAlice(window, lesson.number, name)
        await done(page, name)
        await window.close()
      }
      await done(page, 'gain')
    })
  }

  await t.test('the picture goes along with what happens last, and what else has happened is a click away', async t => {
    const { page } = await openPage(t)
    const lesson = lessons.find(({ number }) => number === 1)!
    await begin(page, lesson)
    for (const name of ['see', 'break', ...lesson.moves.map(({ name }) => name)]) {
      await step(page, name).locator('[data-call]').first().click()
      await done(page, name)
    }
    const picture = page.frameLocator('.picture iframe')
    const messages = picture.getByRole('list', { name: 'Messages' }).getByRole('listitem')
    await messages.filter({ hasText: 'Attacker to Provider' }).filter({ hasText: 'POST /token' }).waitFor()
    await picture.getByRole('button', { name: 'Outside of any sign-in' }).click()
    await messages.filter({ hasText: 'GET /debug.log' }).waitFor()
  })

  await t.test('a message that is opened in the picture of a lesson stays in sight above what is said of it', async t => {
    const { page } = await openPage(t)
    await begin(page, lessons.find(({ number }) => number === 12)!)
    await step(page, 'see').getByRole('button', { name: 'Do it for me' }).click()
    await done(page, 'see')
    const picture = page.frameLocator('.picture iframe')
    const last = picture.getByRole('button', { name: /GET \/me/ }).last()
    await last.click()
    await picture.getByRole('tablist').waitFor()
    const [row, details] = [(await last.boundingBox())!, (await picture.locator('.details').boundingBox())!]
    t.ok(row.y + row.height <= details.y, `${row.y + row.height} and ${details.y}`)
  })

  await t.test('a lesson is done by keyboard alone, and goes on where it was after a reload', async t => {
    const { page } = await openPage(t)
    await page.goto(`${lab.console}/lesson?n=3`)
    const press = async (name: string | RegExp) => {
      const button = page.getByRole('button', { name }).first()
      for (let tabs = 0; tabs < 60 && await button.and(page.locator(':focus')).count() === 0; tabs++) await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
    }
    await press('Begin')
    await step(page, 'see').waitFor()
    await press('Do it for me')
    await done(page, 'see')
    await press('Break it')
    await done(page, 'break')
    await page.reload()
    await done(page, 'break')
    t.equal(await step(page, lessons.find(({ number }) => number === 3)!.moves[0]!.name).getAttribute('aria-current'), 'step')
  })

  await t.test('the capstone says the command that examines one\'s own application, whatever its addresses are', async t => {
    const { page } = await openPage(t)
    await page.goto(`${lab.console}/lessons`)
    await page.getByRole('link', { name: 'Capstone' }).click()
    await page.getByLabel('Where a sign-in begins').fill('http://localhost:9000/login?a=b&c=it\'s')
    t.equal(await page.locator('.command').textContent(),
      "npx oidc-messenger-lab examine --start 'http://localhost:9000/login?a=b&c=it'\\''s' --session http://localhost:8080/account --redirect-uri http://localhost:8080/callback --report lab-report -- npm start")
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`axe finds nothing on the pages of the lessons, the shop and the attacker in ${colorScheme} colours, and nothing is wider than a small phone`, async t => {
      const { page } = await openPage(t, { colorScheme, viewport: { width: 360, height: 740 } })
      const isFine = async (what: string) => {
        const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
        t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`), [], what)
        t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${what} is no wider than 360 pixels`)
      }
      for (const path of ['lessons', 'glossary', 'class', 'capstone']) {
        await page.goto(`${lab.console}/${path}`)
        await page.getByRole('heading').first().waitFor()
        await isFine(path)
      }
      for (const lesson of lessons) {
        await begin(page, lesson)
        await step(page, 'see').waitFor()
        for (const summary of await page.locator('.steps summary').all()) await summary.click()
        await isFine(`lesson ${lesson.number}`)
      }
      const addresses = await Promise.all(['home', 'lair'].map(async place => (await page.locator(`a[data-opens="${place}"]`).first().getAttribute('href'))!))
      for (const address of addresses) {
        await page.goto(address)
        await isFine(address)
      }
    })
  }
}
