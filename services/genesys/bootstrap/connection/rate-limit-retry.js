import { RestError } from '../platform/rest-api.js'
import { sleep } from '../platform/sleep.js'
import { FrameError } from './frames.js'

// Where the service does not say when to ask again; history allows ten requests a minute.
const DEFAULT_RETRY_AFTER_SECONDS = { frame: 1, rest: 6 }
const LONGEST_WAIT_SECONDS = 60

/**
 * Asks, and asks again each time the service says that it was asked too often.
 * @template Answer
 * @param {() => Promise<Answer>} ask
 * @param {AbortSignal} signal Once aborted, nobody asks again.
 */
export async function retryWhenRateLimited (ask, signal) {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const wait = secondsToWait(error)
      if (wait === undefined) throw error
      await sleep(Math.min(wait, LONGEST_WAIT_SECONDS) * 1000, signal)
      if (signal.aborted) throw error
    }
  }
}

/** @param {unknown} error */
function secondsToWait (error) {
  if (error instanceof FrameError && (error.code === 429 || error.code === 4029)) return error.retryAfter ?? DEFAULT_RETRY_AFTER_SECONDS.frame
  return error instanceof RestError && error.status === 429 ? error.retryAfter ?? DEFAULT_RETRY_AFTER_SECONDS.rest : undefined
}
