import { mock } from 'node:test'
import type { Test } from 'tap'

/**
 * Stop the clock of this process until the test ends: what is counted in seconds is exact then, on a slow machine too.
 * Intervals go on, and so do the timeouts of `until` and of what a guest waits for.
 *
 * @param options.timeouts whether `setTimeout` stands still as well
 * @param options.intervals whether `setInterval` does
 * @returns lets so many seconds pass
 */
export function stopClock (t: Test, { timeouts = false, intervals = false } = {}): (seconds: number) => void {
  mock.timers.enable({ apis: ['Date', ...timeouts ? ['setTimeout' as const] : [], ...intervals ? ['setInterval' as const] : []], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  return seconds => mock.timers.tick(seconds * 1000)
}
