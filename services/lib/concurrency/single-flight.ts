import { openLeases } from '../store/lease.ts'
import type { Store } from '../store/store.ts'

/**
 * Single flight: what must not happen twice at once happens once. Who asks for it while it is under way in this process gets its
 * outcome; another process on the same store waits for the lease, and has to look first whether there is still something to do.
 *
 * @param name of the collection in which processes tell each other what is under way
 * @returns does something for a key
 */
export function openSingleFlight<T> (store: Store, name: string) {
  const flights = new Map<string, Promise<T>>()
  const holdingLease = openLeases(store, name)

  return (key: string, act: () => Promise<T>): Promise<T> => {
    const flight = flights.get(key) ?? holdingLease(key, act).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
