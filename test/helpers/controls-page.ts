import type { Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { newContext, startChromium } from './chromium.ts'
import type { Lab } from './lab.ts'

/** The page of the controls, and what the browser says against it. */
export async function openControls (t: Test, lab: Lab, query: Record<string, string> = {}, { width = 1400, colorScheme = 'light' as 'light' | 'dark' } = {}) {
  const chromium = (await startChromium(t, 'the controls'))!
  const page = await (await newContext(t, chromium, { viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })).newPage()
  const complaints: string[] = []
  page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
  page.on('pageerror', error => complaints.push(error.message))
  await page.goto(`${lab.console}/controls?${new URLSearchParams(query)}`)
  await page.locator('.catalogue li').first().waitFor({ state: 'attached' })
  return { page, complaints }
}

/** The part of the page that is always there. */
export const onNow = (page: Page): Locator => page.getByRole('region', { name: 'On now' })
