import type { Clock } from '#lib/clock/clock.ts'
import type { Store } from '#lib/store/store.ts'

const offsets = (store: Store) => store.collection<number>('lab')

/** Where the clock of a realm was left, in milliseconds. That at the root is the process's. */
export const keptOffset = async (store: Store): Promise<number> => await offsets(store).get('clock') ?? 0

/** Move the clock of a realm, also for after a restart. */
export async function moveRealmClock (clock: Clock, store: Store, offsetMs: number): Promise<void> {
  await offsets(store).set('clock', offsetMs)
  clock.offsetMs = offsetMs
}
