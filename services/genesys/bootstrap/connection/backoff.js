const LONGEST_WAIT_MS = 15_000
const SHORTEST_WAIT_MS = 250

/**
 * Exponential backoff with full jitter, so that the pages of one outage do not come back in step. It ends early when the network or
 * the person has just come back.
 * @param {number} attempt
 * @returns {Promise<void>}
 */
export function backOff (attempt) {
  const ceiling = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempt)
  return new Promise((resolve) => {
    const waiting = new AbortController()
    const done = () => {
      waiting.abort()
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(done, SHORTEST_WAIT_MS + Math.random() * ceiling)
    addEventListener('online', done, { signal: waiting.signal })
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') done()
    }, { signal: waiting.signal })
  })
}
