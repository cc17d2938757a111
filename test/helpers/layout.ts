import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'

const findFaults = readFileSync(join(import.meta.dirname, 'layout-faults.js'), 'utf8')

/** Widths of a small phone, of a usual one, and of a desk, with heights that go with them; CSS pixels. */
export const screens = [
  { width: 320, height: 568 },
  { width: 390, height: 844 },
  { width: 1280, height: 800 }
]

/** A word that a line has no room for, and that nothing breaks by itself. */
export const longWord = 'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetzesentwurfsverfasserin'

/** Assert that all of a page has its place, at each size of the viewport. */
export async function fits (t: Test, page: Page, what: string, sizes: { width: number, height: number }[] = screens) {
  for (const size of sizes) {
    await page.setViewportSize(size)
    // What follows the size by an observer has done so a frame later.
    await page.evaluate('new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    t.strictSame(await page.evaluate(findFaults), [], `${what}, ${size.width} × ${size.height}`)
  }
}
