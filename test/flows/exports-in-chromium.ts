import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'
import { mermaidOf } from '../../services/console/exports/mermaid.ts'
import { reportOf } from '../../services/console/exports/report.ts'
import type { PresentedJourney } from '../../services/console/exports/presented-journey.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { ConsoleApi } from '../helpers/console.ts'
import type { Lab } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const mermaid = createRequire(import.meta.url).resolve('@mermaid-js/tiny')
const markup = '<img src=x onerror=alert(1)>"; end'

/** What would mean something in a diagram, if it were not text. */
const meaningful = [
  markup, 'end', '%% comment', '%%{init: {"theme":"dark"}}%%', 'a\nb;c#d', '#60;b#62;', 'style: #35; x;', 'classDef a:#b;', '$$x^2$$', 'wrap: x', '---', 'A->>B: x', '<br/>', '&amp;', '', ' '
]

/** What only a browser can show of exports. */
export async function exportsInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'what people take along of a journey')
  if (!chromium) return
  const live = new ConsoleApi(lab)
  const { users, faults } = createControlApiClient(lab.issuer)
  const folder = temporaryFolder(t)

  /** The journey of somebody whose sign-in fails, since the ID token has another nonce. */
  async function failToSignIn (username: string): Promise<PresentedJourney> {
    const { password } = lab.user('bob')
    await users.put(username, { sub: 'sub-of-markup', password, claims: { name: markup, email: 'a@example.com' } })
    await faults.switchOn('id-token-invalid-nonce', { username, client_id: lab.settings['OIDC_CLIENT_ID']!, count: 1 })
    const browser = new Browser(lab)
    await browser.submit(await browser.openSignIn(), { username, password })
    return await live.latest('the failed sign-in', ({ who, outcome }) => who.includes(username) && outcome === 'refused')
  }
  const journey = await failToSignIn(markup)

  /** A page from a file, and whatever it asks for or complains about. */
  async function openFile (t: Test, name: string, content: string, options: { colorScheme?: 'light' | 'dark', viewport?: { width: number, height: number } } = {}) {
    const path = join(folder, name)
    writeFileSync(path, content)
    const context = await newContext(t, chromium!, { ...options, offline: true })
    const page = await context.newPage()
    const url = pathToFileURL(path).href
    const heard: string[] = []
    page.on('request', request => { if (request.url() !== url) heard.push(request.url()) })
    page.on('console', message => heard.push(message.text()))
    page.on('pageerror', error => heard.push(error.message))
    page.on('dialog', dialog => heard.push(dialog.message()))
    await page.goto(url)
    return { page, heard }
  }

  await t.test('Mermaid\'s own parser reads the diagram, and names and claims stay text whatever is in them', async t => {
    const page = await (await newContext(t, chromium)).newPage()
    await page.addScriptTag({ path: mermaid })
    /** What the parser makes of a text: who takes part, and what each says. */
    const parse = (text: string): Promise<{ diagramType: string, actors: number, arrows: number, text: string, markup: number }> => page.evaluate(`(async text => {
      const { diagramType } = await mermaid.parse(text)
      const { db } = await mermaid.mermaidAPI.getDiagramFromText(text)
      const place = document.createElement('div')
      place.innerHTML = (await mermaid.render('drawn', text)).svg
      return {
        diagramType,
        actors: db.getActors().size,
        arrows: place.querySelectorAll('line[class^=messageLine]').length,
        text: place.textContent,
        markup: place.querySelectorAll('img, script').length
      }
    })(${JSON.stringify(text)})`)
    const drawn = await parse(mermaidOf(journey))
    t.match(drawn, { diagramType: 'sequence', actors: 3, arrows: journey.messages.length, markup: 0 })
    t.ok(drawn.text.includes(markup), 'the name is there as it was typed')
    t.match(drawn.text, /⚡ id-token-invalid-nonce.*✗ id token nonce: expected \S+, found nonce-of-another-request; the application refused it/s)
    for (const words of meaningful) {
      const [first, ...others] = journey.messages
      const drawn = await parse(mermaidOf({
        ...journey,
        who: [words],
        findings: journey.findings.map(finding => ({ ...finding, expected: words, found: words })),
        messages: [{ ...first!, from: words, to: `${words}2`, path: words, faults: [words] }, ...others]
      }))
      t.match(drawn, { diagramType: 'sequence', actors: 5, arrows: journey.messages.length, markup: 0 }, JSON.stringify(words))
      const found = words.replace(/\s+/g, ' ').trim()
      t.ok(drawn.text.includes(`expected ${found}, found ${found}`), `${JSON.stringify(words)} is there as it was`)
    }
  })

  await t.test('Playwright answers from the archive, without the lab', async t => {
    const path = join(folder, 'journey.har')
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { username } = lab.user('alice')
    await browser.authCode()
    const { id } = await live.latest('the code', ({ who, endpoints }) => who.includes(username) && endpoints.includes('messenger_auth_code'))
    writeFileSync(path, await exportOf(id, 'har'))
    const context = await newContext(t, chromium, { offline: true })
    await context.routeFromHAR(path, { notFound: 'abort' })
    const page = await context.newPage()
    await page.goto(`${lab.app}/login`)
    t.match(page.url(), `${lab.issuer}/interaction/`, 'by the redirects of the sign-in, to its page')
    await page.route(`${lab.app}/made-up`, route => route.fulfill({ contentType: 'text/html', body: '<p>A page' }))
    await page.goto(`${lab.app}/made-up`)
    const answer = await page.evaluate(async () => (await fetch('/messenger/auth-code', { method: 'POST' })).json())
    t.match(answer, { authCode: /…/, redirectUri: `${lab.app}/messenger/callback`, iss: lab.issuer })
  })

  await t.test('the report opens from a file and asks for nothing; what people are called stays text', async t => {
    const { page, heard } = await openFile(t, 'report.html', reportOf(JSON.parse(JSON.stringify(journey))))
    await page.getByRole('heading', { level: 1, name: `${markup}: refused` }).waitFor()
    await page.getByText('nonce-of-another-request').first().waitFor()
    t.equal(await page.locator('img').count(), 0)
    t.equal(await page.getByRole('alert').count(), 0, 'the application has refused it')
    t.equal(await page.getByRole('listitem').filter({ has: page.locator('details') }).count(), journey.messages.length)
    await page.locator('.picture a').first().click()
    await page.locator('#message-1').getByText('makes up a state, a nonce').waitFor()
    t.strictSame(heard, [])
  })

  await t.test('what an application went on with is a banner in the report', async t => {
    const findings = journey.findings.map(finding => finding.ok ? finding : { ...finding, outcome: 'accepted' as const })
    const { page } = await openFile(t, 'accepted.html', reportOf({ ...journey, findings }))
    t.match(await page.getByRole('alert').textContent(), /id token nonce: expected \S+, found nonce-of-another-request, and the application went on/)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`axe finds nothing in the report in ${colorScheme} colours, and it fits a small phone`, async t => {
      const { page } = await openFile(t, `${colorScheme}.html`, reportOf(journey), { colorScheme, viewport: { width: 360, height: 800 } })
      for (const summary of await page.locator('summary').all()) await summary.click()
      const { violations } = await new AxeBuilder({ page }).analyze()
      t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [])
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
      t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(14, 22, 20)', 'its own style sheet is let pass')
    })
  }

  await t.test('the picture opens from a file, asks for nothing, and has no script and no markup of others', async t => {
    const { page, heard } = await openFile(t, 'journey.svg', await exportOf(journey.id, 'svg'))
    t.equal(await page.locator('svg > title').textContent(), `${markup}: refused`)
    t.equal(await page.locator('script, img, image, foreignObject').count(), 0)
    t.strictSame(heard, [])
  })

  await t.test('the page offers each of them, the picture in pixels too, with nothing against its policy', async t => {
    const { page, complaints } = await openMenu(t)
    for (const [name, extension] of [['Report, HTML', 'html'], ['Picture, SVG', 'svg'], ['Picture, PNG', 'png'], ['Mermaid', 'mmd'], ['HAR', 'har']] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.exports').getByText(name, { exact: true }).click()])
      t.match(download.suggestedFilename(), new RegExp(`^img-src-x-onerror-alert-1-end_refused_.*Z\\.${extension}$`))
      const path = join(folder, `taken.${extension}`)
      await download.saveAs(path)
      t.ok(readFileSync(path).length > 500, extension)
    }
    const [width, height] = sizeOfPng(readFileSync(join(folder, 'taken.png')))
    const picture = /width="(\d+)" height="(\d+)"/.exec(readFileSync(join(folder, 'taken.svg'), 'utf8'))!
    t.strictSame([width, height], [Number(picture[1]) * 2, Number(picture[2]) * 2])
    t.strictSame(complaints, [])
  })

  await t.test('by keyboard: secrets are a choice of their own with a warning, and not kept; Mermaid goes to the clipboard', async t => {
    const { page } = await openMenu(t)
    const har = page.getByRole('link', { name: 'HAR' })
    t.notMatch(await har.getAttribute('href'), 'secrets')
    await page.getByRole('checkbox', { name: 'with secrets', exact: true }).focus()
    await page.keyboard.press('Space')
    await page.getByText('Codes, tokens and keys will be there in full').waitFor()
    t.match(await har.getAttribute('href'), 'secrets=show')
    await page.keyboard.press('Escape')
    await har.waitFor({ state: 'hidden' })
    await page.keyboard.press('Enter')
    await har.waitFor()
    t.notMatch(await har.getAttribute('href'), 'secrets')
    await page.getByRole('button', { name: 'Copy Mermaid' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Copied.').waitFor()
    await page.getByRole('searchbox').focus()
    await page.keyboard.press('Control+V')
    t.match(await page.getByRole('searchbox').inputValue(), 'sequenceDiagram')
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`axe finds nothing in the choices in ${colorScheme} colours, and they fit a small phone`, async t => {
      const { page } = await openMenu(t, { colorScheme, viewport: { width: 360, height: 800 } })
      await page.getByRole('checkbox', { name: 'with secrets', exact: true }).check()
      const { violations } = await new AxeBuilder({ page }).include('.exports').analyze()
      t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [])
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
    })
  }

  async function openMenu (t: Test, options: BrowserContextOptions = { viewport: { width: 1400, height: 900 } }) {
    const context = await newContext(t, chromium!, options)
    const page: Page = await context.newPage()
    const complaints: string[] = []
    page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
    page.on('pageerror', error => complaints.push(error.message))
    await page.goto(`${lab.console}/live?journey=${journey.id}`)
    const summary = page.locator('.exports summary')
    // It is there once the journey is, and what cannot be seen takes no focus.
    await summary.waitFor()
    await summary.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'HAR' }).waitFor()
    return { page, complaints }
  }

  async function exportOf (id: string, format: string): Promise<string> {
    const page = await new Browser(lab).open(`${lab.console}/journeys/${id}/export.${format}`)
    return page.text
  }
}

/** @see https://www.w3.org/TR/png-3/#11IHDR */
const sizeOfPng = (file: Buffer) => [file.readUInt32BE(16), file.readUInt32BE(20)]
