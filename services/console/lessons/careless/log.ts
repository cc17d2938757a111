import type { Attempt } from '../attempts/attempt.ts'

// Enough for a lesson; the oldest go first.
const maxLines = 200
const daySeconds = 24 * 60 * 60
const stamp = (seconds: number) => new Date(seconds * 1000).toISOString()

type Logging = Pick<Attempt, 'memory' | 'nowSeconds'>

/** Write a line into the shop’s log, with the time before it. */
export function writeLog ({ memory: { log }, nowSeconds }: Logging, line: string): void {
  log.push(`${stamp(nowSeconds)} ${line}`)
  log.splice(0, log.length - maxLines)
}

/** Write a line into the log of whoever looks for a fault. */
export function writeDebugLog ({ memory: { debugLog }, nowSeconds }: Logging, line: string): void {
  debugLog.push(`${stamp(nowSeconds)} ${line}`)
  debugLog.splice(0, debugLog.length - maxLines)
}

/** What was written a day ago or before: it is put away each night. */
export function putAway ({ memory: { log }, nowSeconds }: Logging): string[] {
  const dayAgo = stamp(nowSeconds - daySeconds)
  return log.filter(line => line < dayAgo)
}
