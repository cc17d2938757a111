// `npm run picture`: makes the README's picture anew, of the lab as it is: Alice, signed in, in the middle of a chat.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { helpOrRefuse } from '#lib/settings/command-line.ts'
import { buildLab } from '../services/embedded/app.ts'
import { findChromium, sandboxArgs } from '../test/helpers/find-chromium.ts'
import { describeLab, freePorts, labSettings, root } from '../test/helpers/lab.ts'

helpOrRefuse(`Makes the README's picture anew, with this machine's Chromium: npm run picture

  --help

CHROMIUM_PATH names another browser. Exit code 1: it could not be made, and says why.`)

const file = join(root, 'scripts', 'picture', 'chat.webp')
const quality = 80

const executablePath = findChromium()
if (executablePath === undefined) {
  console.error('This machine has no Chromium (CHROMIUM_PATH may name one).')
  process.exit(1)
}

const stateFolder = mkdtempSync(join(tmpdir(), 'picture-'))
const settings = labSettings({ STATE_DIR: stateFolder, LOG_LEVEL: 'warn', ...await freePorts() })
const parts = await buildLab(settings)
for (const { app, config } of parts) await app.listen({ host: config.host, port: config.port })
const browser = await chromium.launch({ executablePath, args: sandboxArgs })
try {
  const page = await chat(browser, describeLab(settings).app)
  const bytes = await takePicture(page)
  writeFileSync(file, bytes)
  console.log(`${relative(root, file)}, ${Math.round(bytes.length / 1000)} kB`)
} finally {
  await browser.close()
  for (const { app } of parts) await app.close()
  rmSync(stateFolder, { recursive: true })
}

async function chat (browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 760 }, locale: 'en-GB', colorScheme: 'light', reducedMotion: 'reduce'
  })
  const page = await context.newPage()
  await page.goto(`${url}/login`)
  await page.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
  await page.getByRole('button', { name: 'Open messenger' }).click()
  const messenger = page.getByRole('dialog', { name: 'Messenger' })
  const log = messenger.getByRole('log')
  await log.getByText('Hello Alice').waitFor()
  const field = messenger.getByRole('textbox', { name: 'Message' })
  await field.fill('Who am I?')
  await field.press('Enter')
  await log.getByText('verified by idp.localhost').waitFor()
  await page.waitForLoadState('networkidle')
  return page
}

/** As WebP, which is a third of a PNG. Playwright has no word for it, Chromium's own protocol has. */
async function takePicture (page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality })
  return Buffer.from(data, 'base64')
}
