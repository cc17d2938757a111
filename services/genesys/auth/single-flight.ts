import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '#lib/store.ts'

// Longer than an act that waits for a peer takes as a rule. Who was killed during one holds the others up for so long.
const longestFlight = 15

/**
 * Lets an act that must not happen twice at once happen once: who asks for it while it is under way gets its outcome,
 * and another replica waits until it may look for itself.
 *
 * @param name of the collection in which replicas tell each other what is under way
 */
export function openSingleFlight<T> (store: Store, name: string) {
  const flights = new Map<string, Promise<T>>()
  const underWay = store.collection<true>(name)

  async function alone (key: string, act: () => Promise<T>): Promise<T> {
    while (!await underWay.add(key, true, { ttl: longestFlight })) await pause(50)
    try {
      return await act()
    } finally {
      await underWay.delete(key)
    }
  }

  return (key: string, act: () => Promise<T>): Promise<T> => {
    const flight = flights.get(key) ?? alone(key, act).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
