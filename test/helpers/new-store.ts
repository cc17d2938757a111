import type { Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import type { Store } from '#lib/store/store.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** An empty store in a folder of its own, until the test ends. */
export async function newStore (t: Test): Promise<Store> {
  const store = await openStore({ name: 'test', stateFolder: temporaryFolder(t) })
  t.teardown(() => store.close())
  return store
}
