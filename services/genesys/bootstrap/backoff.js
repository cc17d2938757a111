const LONGEST_WAIT = 15_000

/**
 * Full jitter above a small floor, so that the pages of one outage do not come back in step.
 * @param {number} attempt
 */
export function backoff (attempt) {
  const ceiling = Math.min(LONGEST_WAIT, 1000 * 2 ** attempt)
  return 250 + Math.random() * ceiling
}

/**
 * Waits, but not when the network or the person has just come back.
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function pause (milliseconds) {
  return new Promise((resolve) => {
    const waiting = new AbortController()
    const done = () => {
      waiting.abort()
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    addEventListener('online', done, { signal: waiting.signal })
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') done()
    }, { signal: waiting.signal })
  })
}
