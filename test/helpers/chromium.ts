import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core'
import type { Test } from 'tap'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Path of this machine's Chromium: `CHROMIUM_PATH`, or the first on the PATH; nothing when there is none. */
function findChromium (): string | undefined {
  if (process.env['CHROMIUM_PATH']) return process.env['CHROMIUM_PATH']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(path => existsSync(path))
}

/** Start this machine's Chromium, quiet about the internet. */
function launchChromium (executablePath: string): Promise<Browser> {
  // Chromium's sandbox refuses to run as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args: [...sandbox, '--disable-background-networking', '--disable-component-update'] })
}

/**
 * Chromium for a flow; it ends with it.
 *
 * @param title what is skipped, with the reason, where this machine has none
 */
export async function startChromium (t: Test, title: string): Promise<Browser | undefined> {
  const executable = findChromium()
  if (!executable) {
    await t.test(title, { skip: 'this machine has no Chromium (CHROMIUM_PATH may name one)' }, async () => {})
    return
  }
  const browser = await launchChromium(executable)
  t.teardown(() => browser.close())
  return browser
}

/** A browser of somebody's own, as far as cookies and storage go; it ends with the test. */
export async function newContext (t: Test, browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  context.setDefaultTimeout(20_000)
  return context
}
