import type { Locator } from 'playwright-core'
import type { Test } from 'tap'
import { until } from './until.ts'

/** Assert how often something is on the page: a page may take a moment to get there. */
export async function isShown (t: Test, what: Locator, times: number, message = 'as often as it should be'): Promise<void> {
  await until(`${what} is there ${times} times`, async () => await what.count() === times).catch(() => {})
  t.equal(await what.count(), times, message)
}
