import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core'
import tap, { type Test } from 'tap'
import { chromiumNames, findChromium, sandboxArgs } from './find-chromium.ts'

/** What is set beside what a browser does by itself. */
export interface ChromiumOptions {
  /** whether frames get the cookies of another site than their page's; browsers differ where it is left out */
  thirdPartyCookies?: 'allowed' | 'blocked'
  /** whether it opens one window for each thing that a person does, as browsers do, or whatever is asked of it */
  popups?: 'blocked'
  /** what windows are put on: those of a context with `viewport: null` */
  screen?: { width: number, height: number }
  /** names that it does not find */
  unknownNames?: string[]
  /** names that lead to this machine, and are no secure context as `localhost` is */
  namesOfThisMachine?: string[]
}

/** Start this machine's Chromium, quiet about the internet. */
async function launchChromium (executablePath: string, { thirdPartyCookies, popups, screen, unknownNames = [], namesOfThisMachine = [] }: ChromiumOptions): Promise<Browser> {
  const rules = [...unknownNames.map(name => `MAP ${name} ~NOTFOUND`), ...namesOfThisMachine.map(name => `MAP ${name} 127.0.0.1`)]
  const resolver = rules.length > 0 ? [`--host-resolver-rules=${rules.join(',')}`] : []
  const size = screen ? [`--screen-info={${screen.width}x${screen.height}}`] : []
  const options = { executablePath, ignoreDefaultArgs: popups === 'blocked' ? ['--disable-popup-blocking'] : [], args: [...sandboxArgs, ...resolver, ...size, '--disable-background-networking', '--disable-component-update'] }
  if (thirdPartyCookies === undefined) {
    const browser = await chromium.launch(options)
    tap.teardown(() => browser.close())
    return browser
  }

  // A setting of the profile, which further contexts inherit; no switch of the command line allows what the profile blocks.
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  mkdirSync(join(profile, 'Default'))
  const preferences = { profile: { cookie_controls_mode: cookieControls[thirdPartyCookies] } }
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  const context = await chromium.launchPersistentContext(profile, options)
  tap.teardown(async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const browser = context.browser()
  if (!browser) throw new Error('Chromium has ended')
  return browser
}

// What `profile.cookie_controls_mode` means by its numbers.
const cookieControls = { allowed: 0, blocked: 1 }

// By its settings: one of each serves all tests of a process, in contexts of their own, and ends with it.
const started = new Map<string, Promise<Browser>>()

/**
 * The Chromium of this process.
 *
 * @param title what is skipped, with the reason, where this machine has none
 */
export async function startChromium (t: Test, title: string, options: ChromiumOptions = {}): Promise<Browser | undefined> {
  const { thirdPartyCookies, popups } = options
  const executable = findChromium(thirdPartyCookies === undefined && popups === undefined ? undefined : chromiumNames.whole)
  if (!executable) {
    await t.test(title, { skip: 'this machine has no Chromium (CHROMIUM_PATH may name one)' }, async () => {})
    return
  }
  const settings = JSON.stringify(options)
  const running = started.get(settings) ?? launchChromium(executable, options)
  started.set(settings, running)
  return await running
}

/** A browser of somebody's own, as far as cookies and storage go; it ends with the test. */
export async function newContext (t: Test, browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  context.setDefaultTimeout(20_000)
  return context
}
