import type { Store } from '#lib/store/store.ts'

/**
 * Have a store say when something in it was taken already, such as a lease that somebody else holds.
 *
 * @returns the store, and what is kept once an `add` has found its entry there
 */
export function watchStore (store: Store): { store: Store, foundTaken: Promise<void> } {
  const { promise: foundTaken, resolve } = Promise.withResolvers<void>()
  const open = store.collection.bind(store)
  const collection: Store['collection'] = (name, options) => {
    const kept = open<never>(name, options as never)
    const add = kept.add.bind(kept)
    return Object.assign(kept, {
      async add (...entry: Parameters<typeof add>) {
        const added = await add(...entry)
        if (!added) resolve()
        return added
      }
    }) as never
  }
  return { store: Object.assign(store, { collection }), foundTaken }
}
