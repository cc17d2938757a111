import { createSerialQueues } from '../concurrency/serial-queue.ts'
import { openLeases } from './lease.ts'
import type { Store } from './store.ts'

/**
 * Serial queues for all processes on a store: as `createSerialQueues`, where they share it, under a lease.
 *
 * @param name of the collection that the leases are kept in
 * @returns does something in the queue of a key
 */
export function openTurns (store: Store, name: string): ReturnType<typeof createSerialQueues> {
  const inTurn = createSerialQueues()
  if (!store.isShared) return inTurn
  const lease = openLeases(store, name)
  return (key, act) => inTurn(key, () => lease(key, act))
}
