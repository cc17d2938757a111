import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import type { Store } from '#lib/store/store.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { noValkey, startValkey } from './valkey.ts'

/** Where a store is, empty at first. */
export interface StorePlace {
  /** A door to it, as each process has one. */
  open (): Promise<Store>
  /** How many entries take room in it, whether or not they can be found. */
  countEntries (): Promise<number>
}

/** What a store can be kept in. */
export type StoreKind = 'SQLite' | 'Valkey'

const reason = await noValkey()
const valkey = reason === undefined ? await startValkey(t) : undefined

/** A test of what every store does: it runs over each kind. */
export function onEachStore (name: string, run: (t: Test, place: StorePlace, kind: StoreKind) => Promise<void>): void {
  t.test(`${name} (SQLite)`, t => run(t, sqlitePlace(t), 'SQLite'))
  t.test(`${name} (Valkey)`, { skip: reason ?? false }, t => run(t, valkeyPlace(t), 'Valkey'))
}

/** A test of what only a store over Valkey does. */
export function onValkey (name: string, run: (t: Test, place: StorePlace) => Promise<void>): void {
  t.test(name, { skip: reason ?? false }, t => run(t, valkeyPlace(t)))
}

function sqlitePlace (t: Test): StorePlace {
  const stateFolder = temporaryFolder(t)
  return {
    open: () => opened(t, { name: 'test', stateFolder }),
    async countEntries () {
      const database = new DatabaseSync(join(stateFolder, 'test.sqlite'), { readOnly: true })
      try {
        return (database.prepare('SELECT count(*) AS count FROM entry').get() as { count: number }).count
      } finally {
        database.close()
      }
    }
  }
}

function valkeyPlace (t: Test): StorePlace {
  const name = `test/${randomBytes(6).toString('hex')}`
  return {
    open: () => opened(t, { name, stateFolder: '', storeUrl: valkey!.url }),
    async countEntries () {
      return (await valkey!.admin.keys(`{${name}}:e:*`)).length
    }
  }
}

async function opened (t: Test, where: Parameters<typeof openStore>[0]): Promise<Store> {
  const store = await openStore(where)
  t.teardown(() => store.close())
  return store
}
