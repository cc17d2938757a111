import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store.ts'

/** A store, and what another process would have: the file, open a second time. */
function open (t: Test) {
  const file = join(t.testdir({}), 'test.sqlite')
  const store = openStore(file)
  t.teardown(() => store.close())
  const other = new DatabaseSync(file)
  t.teardown(() => other.close())
  return { notes: store.collection<string>('notes'), other }
}

/** Why each of several writes failed, or `written`. */
const outcomes = async (writes: Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map(result => result.status === 'rejected' ? (result.reason as Error).message : 'written')

t.test('who keeps others from writing holds them up once, however much there is to write', async t => {
  const { notes, other } = open(t)
  other.exec('BEGIN IMMEDIATE')
  const tries = t.capture(DatabaseSync.prototype, 'exec', DatabaseSync.prototype.exec)
  const writes = ['a', 'b', 'c', 'd'].map(key => notes.set(key, key))
  t.strictSame(await outcomes(writes), writes.map(() => 'database is locked'))
  t.strictSame(tries().map(({ args: [sql] }) => sql), ['BEGIN IMMEDIATE'], 'each of which would have waited for the lock')
  other.exec('COMMIT')
  await notes.set('a', 'afterwards')
  t.equal(await notes.get('a'), 'afterwards')
})

t.test('a write that the database gives up by itself says why, and takes no other with it', async t => {
  const { notes, other } = open(t)
  // As on a full disk, where SQLite has ended the transaction before it reports the failure.
  other.exec(`CREATE TRIGGER no_room BEFORE INSERT ON entry WHEN NEW.key = 'too much'
    BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`)
  const written = await outcomes([notes.set('before', 'x'), notes.set('too much', 'x'), notes.set('after', 'x')])
  t.strictSame(written, ['written', 'database or disk is full', 'written'])
  t.strictSame([await notes.get('before'), await notes.get('too much'), await notes.get('after')], ['x', undefined, 'x'])
})
