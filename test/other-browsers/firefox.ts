import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { firefox, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { findProgram, type Role, type StartBrowser, type Tab } from './tab.ts'

const patienceMs = 20_000

/**
 * This machine's Firefox, as its makers ship it, by WebDriver BiDi.
 *
 * @returns how to start a browser of somebody's own in it, or nothing where there is none
 */
export async function startFirefox (t: Test): Promise<StartBrowser | undefined> {
  const executable = findProgram('FIREFOX_PATH', 'firefox-esr')
  if (!executable) return undefined
  const bridge = join(temporaryFolder(t), 'firefox')
  const words = [process.execPath, join(import.meta.dirname, 'firefox-bridge.ts'), executable]
  writeFileSync(bridge, `#!/bin/sh\nexec ${words.map(word => `'${word}'`).join(' ')} "$@"\n`)
  chmodSync(bridge, 0o755)

  // The channel is what makes it BiDi; without one Playwright wants a Firefox of its own.
  const browser = await firefox.launch({ channel: 'moz-firefox', executablePath: bridge })
  t.teardown(() => browser.close())
  return async t => {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 } })
    t.teardown(() => context.close())
    context.setDefaultTimeout(patienceMs)
    return tabOf(await context.newPage())
  }
}

function tabOf (page: Page): Tab {
  const find = (role: Role, name = '') => page.getByRole(role, { name: new RegExp(`^${name}`) }).filter({ visible: true })
  return {
    goTo: url => page.goto(url),
    address: async () => page.url(),
    click: (role, name) => find(role, name).first().click(),
    type: text => page.keyboard.type(text),
    press: key => page.keyboard.press(key),
    choose: path => page.locator('input[type=file]').setInputFiles(path),
    has: (role, name) => askAgain(async () => await find(role, name).count() > 0),
    read: role => askAgain(async () => (await find(role).allInnerTexts()).join('\n')),
    goBack: () => page.evaluate('history.back()'),
    reload: () => page.reload(),
    open: async () => tabOf(await page.context().newPage()),
    async openedBy (action) {
      const [opened] = await Promise.all([page.context().waitForEvent('page'), action()])
      return tabOf(opened)
    },
    evaluate: expression => askAgain(() => page.evaluate(expression)),
    picture: () => page.screenshot()
  }
}

/** A page that comes back reloads itself, and a question under way is lost with it; it can be asked again. */
async function askAgain<T> (question: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await question()
    } catch (error) {
      if (!(error as Error).message.includes('because of a navigation')) throw error
    }
  }
}
