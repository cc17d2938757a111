import { AsyncLocalStorage } from 'node:async_hooks'

/** By how much what is told here differs from the time of the system. */
export interface Clock {
  /** whole milliseconds, negative for the past */
  offsetMs: number
}

const System = Date
const contexts = new AsyncLocalStorage<Clock>()
const processClock: Clock = { offsetMs: 0 }

/** The time of the system in epoch milliseconds, whatever the clocks of the lab say: for what the system dates, such as files. */
export const realNow = System.now

const now = () => realNow() + (contexts.getStore() ?? processClock).offsetMs

const MovedDate = new Proxy(System, {
  construct: (target, parameters, newTarget) =>
    Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, newTarget),
  apply: () => new System(now()).toString()
})

/**
 * Have `Date.now()`, `new Date()` and `Date()` of this process tell the time of the lab's clocks. For the lab alone; doing
 * it again changes nothing.
 *
 * oidc-provider, jose, oauth4webapi, the session cookie and the log read the clock themselves, so it is moved under them.
 * Timers, sockets, `performance.now()`, files and the `Date` that Node writes into headers stay with the system, and so
 * does `Intl.DateTimeFormat` where it is given no time. Where a test has put another `Date` in place, that stays.
 */
export function installClock (): void {
  if (globalThis.Date !== System) return
  replace(System, 'now', now)
  replace(System.prototype, 'constructor', MovedDate)
  replace(globalThis, 'Date', MovedDate)
}

const replace = (owner: object, name: string, value: unknown) =>
  Object.defineProperty(owner, name, { value, writable: true, enumerable: false, configurable: true })

/**
 * Run a function, and all that it starts, by another clock than that of the process.
 *
 * @param clock read anew each time, so it can be moved meanwhile
 */
export const runAt = <T>(clock: Clock, run: () => T): T => contexts.run(clock, run)

/** A part of this process that goes by its clock. */
export interface ClockUser {
  /** what was set when this part last ran, in milliseconds */
  keptOffsetMs: number
  /**
   * Called when the clock has been moved, by whichever part.
   *
   * @param isKept whether another process on the same store has moved it, and has kept that
   */
  moved (offsetMs: number, isKept: boolean): Promise<void>
}

const users = new Set<ClockUser>()

/** The clock of the process, to be moved by `moveProcessClock` alone. */
export const theProcessClock: Readonly<Clock> = processClock

/**
 * Move the clock of this process, to an offset from the time of the system.
 *
 * @param options.isKept whether another process on the same store has moved it, and has kept that
 * @returns once all who use it have taken note
 */
export async function moveProcessClock (offsetMs: number, { isKept = false } = {}): Promise<void> {
  if (offsetMs === processClock.offsetMs) return
  const before = processClock.offsetMs
  const tell = (offsetMs: number) => {
    processClock.offsetMs = offsetMs
    return [...users].map(user => user.moved(offsetMs, isKept))
  }
  try {
    await Promise.all(tell(offsetMs))
  } catch (error) {
    // What could not be kept is not to count.
    await Promise.allSettled(tell(before))
    throw error
  }
}

/**
 * Go by the clock of this process. What the first user has kept is applied; those who come later find it where it is.
 *
 * @returns ends it; with the last user the clock is back at the time of the system
 */
export function useProcessClock (user: ClockUser): () => void {
  installClock()
  if (users.size === 0) processClock.offsetMs = user.keptOffsetMs
  users.add(user)
  return () => {
    users.delete(user)
    if (users.size === 0) processClock.offsetMs = 0
  }
}
