import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from './store.ts'

const retryMs = 50

/**
 * Lease: a lock in the store that ends by itself, for what only one of several processes on that store may do at once.
 *
 * Only its owner can release it: whoever was held up for longer than the lease lasts leaves alone that of their successor. After a
 * crash, others wait for the lease's end.
 *
 * @param name of the collection that the leases are kept in
 * @returns does something while it holds the lease of a key, as soon as nobody else does. `seconds` is how long the lease lasts,
 *   which must be no less than what is done under it can take
 * @see https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/#correct-implementation-with-a-single-instance
 */
export function openLeases (store: Store, name: string) {
  const owners = store.collection<string>(name)

  return async <T>(key: string, seconds: number, act: () => Promise<T>): Promise<T> => {
    const owner = randomUUID()
    while (!await owners.add(key, owner, { ttl: seconds })) await sleep(retryMs)
    try {
      return await act()
    } finally {
      await owners.compareAndDelete(key, owner)
    }
  }
}
