import { FrameError } from './guest-socket.js'
import { RestError } from './rest.js'

// Where the service does not say when to ask again; history allows ten requests a minute. Our choice.
const DEFAULT_WAIT = { frame: 1, rest: 6 }
const LONGEST_WAIT = 60
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * Asks, and asks again each time the service says that it was asked too often.
 * @template Answer
 * @param {() => Promise<Answer>} ask
 * @param {AbortSignal} signal Once aborted, nobody asks again.
 */
export async function patiently (ask, signal) {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const wait = secondsToWait(error)
      if (wait === undefined) throw error
      await rest(Math.min(wait, LONGEST_WAIT) * 1000, signal)
      if (signal.aborted) throw error
    }
  }
}

/**
 * Waits, or stops waiting when the signal is aborted.
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function rest (milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(milliseconds, LONGEST_TIMER))
    signal.addEventListener('abort', done)
  })
}

/** @param {unknown} error */
function secondsToWait (error) {
  if (error instanceof FrameError && (error.code === 429 || error.code === 4029)) return error.retryAfter ?? DEFAULT_WAIT.frame
  return error instanceof RestError && error.status === 429 ? error.retryAfter ?? DEFAULT_WAIT.rest : undefined
}
