import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from './store.ts'

// After a crash, others wait this long for the lease: it is short, and whoever works longer renews it.
const leaseSeconds = 3
const renewEveryMs = 1_000
const shortestRetryMs = 5
const longestRetryMs = 50

/**
 * Lease: a lock in the store that ends by itself, for what only one of several processes on that store may do at once.
 *
 * Its owner renews it for as long as it acts, and is the only one who can release it: whoever was held up for so long that it has
 * ended leaves alone that of their successor. After a crash, others wait three seconds for its end.
 *
 * @param name of the collection that the leases are kept in
 * @returns does something while it holds the lease of a key, as soon as nobody else does
 * @see https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/#correct-implementation-with-a-single-instance
 */
export function openLeases (store: Store, name: string) {
  const owners = store.collection<string>(name)
  const keeping = { ttl: leaseSeconds }

  async function acquire (key: string, owner: string): Promise<void> {
    // Backoff.
    for (let retryMs = shortestRetryMs; !await owners.add(key, owner, keeping); retryMs = Math.min(2 * retryMs, longestRetryMs)) {
      await sleep(retryMs)
    }
  }

  async function renew (key: string, owner: string): Promise<void> {
    await owners.update(key, holder => {
      if (holder !== owner) throw new Error('the lease is somebody else\'s by now')
      return holder
    }, () => keeping)
  }

  return async <T>(key: string, act: () => Promise<T>): Promise<T> => {
    const owner = randomUUID()
    await acquire(key, owner)
    const renewal = setInterval(() => { renew(key, owner).catch(() => { /* it is lost, or the next time does */ }) }, renewEveryMs)
    try {
      return await act()
    } finally {
      clearInterval(renewal)
      // What was done is done, also where the store cannot be told: then the lease ends by itself.
      await owners.compareAndDelete(key, owner).catch(() => {})
    }
  }
}
