import type { Store } from '#lib/store/store.ts'

/**
 * Have a store say when something in it was taken already, such as a lease that somebody else holds.
 *
 * @returns the store, what is kept once an `add` has found its entry there, and how often an `update` has been made
 */
export function watchStore (store: Store): { store: Store, foundTaken: Promise<void>, countUpdates: () => number } {
  const { promise: foundTaken, resolve } = Promise.withResolvers<void>()
  let updates = 0
  const open = store.collection.bind(store)
  const collection: Store['collection'] = (name, options) => {
    const kept = open<never>(name, options as never)
    const [add, update] = [kept.add.bind(kept), kept.update.bind(kept)]
    return Object.assign(kept, {
      async add (...entry: Parameters<typeof add>) {
        const added = await add(...entry)
        if (!added) resolve()
        return added
      },
      async update (...changes: Parameters<typeof update>) {
        const updated = await update(...changes)
        updates++
        return updated
      }
    }) as never
  }
  return { store: Object.assign(store, { collection }), foundTaken, countUpdates: () => updates }
}
