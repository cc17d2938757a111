const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Waits, or stops waiting when the signal is aborted.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function sleep (milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(milliseconds, LONGEST_TIMER_MS))
    signal.addEventListener('abort', done)
  })
}
