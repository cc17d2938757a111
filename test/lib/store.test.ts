import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import { fillDisk } from '../helpers/full-disk.ts'

interface Note { text: string }

function open (t: Test, file = ':memory:') {
  const store = openStore(file)
  t.teardown(() => store.close())
  return store.collection<Note>('notes')
}

const newFile = (t: Test) => join(t.testdir({}), 'test.sqlite')
const texts = (notes: Note[]) => notes.map(note => note.text)

t.test('gives back what was written, and nothing for what was not', async t => {
  const notes = open(t)
  await notes.set('a', { text: 'first' })
  t.same(await notes.get('a'), { text: 'first' })
  t.equal(await notes.get('b'), undefined)
})

t.test('keeps collections apart', async t => {
  const store = openStore(':memory:')
  t.teardown(() => store.close())
  await store.collection('one').set('key', 1, { tags: ['tag'] })
  t.equal(await store.collection('other').get('key'), undefined)
  t.same(await store.collection('other').tagged('tag'), [])
})

t.test('replaces the value and the tags of a key', async t => {
  const notes = open(t)
  await notes.set('a', { text: 'old' }, { tags: ['draft'] })
  await notes.set('a', { text: 'new' }, { tags: ['final'] })
  t.same(texts(await notes.tagged('final')), ['new'])
  t.same(await notes.tagged('draft'), [])
})

t.test('forgets an entry when its time is over, and never one without a time', async t => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const notes = open(t)
  await notes.set('short', { text: 'short' }, { ttl: 10, tags: ['all'] })
  await notes.set('forever', { text: 'forever' }, { tags: ['all'] })

  now += 9_999
  t.same(await notes.get('short'), { text: 'short' }, 'a moment before')

  now += 1
  t.equal(await notes.get('short'), undefined, 'get')
  t.equal(await notes.take('short'), undefined, 'take')
  t.same(texts(await notes.tagged('all')), ['forever'], 'tagged')
  t.equal(await notes.countTagged('all'), 1, 'countTagged')
  t.equal(await notes.add('short', { text: 'again' }), true, 'its place is free')
})

t.test('sweeps what has expired from the disk', async t => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  t.teardown(() => mock.timers.reset())
  const file = newFile(t)
  const notes = open(t, file)
  await notes.set('a', { text: 'short-lived' }, { ttl: 10 })
  mock.timers.tick(60_000)
  await new Promise(resolve => setImmediate(resolve))

  const database = new DatabaseSync(file)
  t.teardown(() => database.close())
  t.same(database.prepare('SELECT * FROM entry').all(), [])
})

t.test('tells what has expired to whoever wants to know, once, and nothing of what was deleted or prolonged', async t => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  t.teardown(() => mock.timers.reset())
  const store = openStore(newFile(t))
  t.teardown(() => store.close())
  const expired: string[] = []
  const notes = store.collection<Note>('notes', { onExpired: ({ text }) => expired.push(text) })
  for (const key of ['short', 'taken', 'prolonged']) await notes.set(key, { text: key }, { ttl: 10, tags: [key] })
  await store.collection<Note>('others').set('a', { text: 'of another collection' }, { ttl: 10 })
  await notes.take('taken')
  await notes.prolongTagged('prolonged', 100)
  for (const swept of ['once', 'twice']) {
    mock.timers.tick(30_000)
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    t.same(expired, ['short'], swept)
  }
})

t.test('adds only where nothing is', async t => {
  const notes = open(t)
  t.equal(await notes.add('a', { text: 'first' }), true)
  t.equal(await notes.add('a', { text: 'second' }), false)
  t.same(await notes.get('a'), { text: 'first' })
})

t.test('of many who add at once, lets exactly one', async t => {
  const file = newFile(t)
  const handles = [open(t, file), open(t, file)]
  const added = await Promise.all(Array.from({ length: 40 }, (_, n) => handles[n % 2]!.add('a', { text: `${n}` })))
  t.equal(added.filter(Boolean).length, 1)
})

t.test('deletes what has a value, and not what somebody else has written meanwhile', async t => {
  const notes = open(t)
  await notes.set('a', { text: 'mine' })
  await notes.set('b', { text: 'mine' })
  await notes.set('b', { text: 'theirs' })
  for (const key of ['a', 'b']) await notes.compareAndDelete(key, { text: 'mine' })
  t.equal(await notes.get('a'), undefined)
  t.same(await notes.get('b'), { text: 'theirs' })
})

t.test('of many who take at once, gives to exactly one', async t => {
  const file = newFile(t)
  const handles = [open(t, file), open(t, file)]
  await handles[0]!.set('a', { text: 'once' })
  const taken = await Promise.all(Array.from({ length: 40 }, (_, n) => handles[n % 2]!.take('a')))
  t.same(taken.filter(Boolean), [{ text: 'once' }])
})

t.test('lists what carries a tag in the order of writing, and a page of it', async t => {
  const notes = open(t)
  for (const text of ['1', '2', '3', '4', '5']) await notes.set(text, { text }, { tags: ['all', ...(Number(text) % 2 ? ['odd'] : [])] })
  t.same(texts(await notes.tagged('all')), ['1', '2', '3', '4', '5'])
  t.same(texts(await notes.tagged('odd')), ['1', '3', '5'])
  t.same(texts(await notes.tagged('all', { limit: 2, offset: 1 })), ['2', '3'])
  t.same(texts(await notes.tagged('all', { newestFirst: true, limit: 2 })), ['5', '4'])
  t.same(texts(await notes.tagged('all', { newestFirst: true, limit: 2, offset: 4 })), ['1'])
  t.equal(await notes.countTagged('odd'), 3)
})

t.test('keeps an entry that is written again in its place of the list', async t => {
  const notes = open(t)
  for (const text of ['1', '2']) await notes.set(text, { text }, { tags: ['all'] })
  await notes.set('1', { text: '1, changed' }, { tags: ['all'] })
  t.same(texts(await notes.tagged('all')), ['1, changed', '2'])
})

t.test('deletes one entry, or everything that carries a tag', async t => {
  const notes = open(t)
  for (const text of ['1', '2', '3']) await notes.set(text, { text }, { tags: text === '3' ? [] : ['family'] })
  await notes.deleteTagged('family')
  t.same([await notes.get('1'), await notes.get('2')], [undefined, undefined])
  t.same(await notes.get('3'), { text: '3' })
  await notes.delete('3')
  t.equal(await notes.get('3'), undefined)
})

t.test('shows to one handle what another has written to the same file', async t => {
  const file = newFile(t)
  const [one, other] = [open(t, file), open(t, file)]
  await one.set('a', { text: 'hello' }, { tags: ['all'] })
  t.same(await other.get('a'), { text: 'hello' })
  await other.delete('a')
  t.same(await one.tagged('all'), [])
})

t.test('what it remembers of the last reads is what is kept, whoever has changed that since', async t => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const file = newFile(t)
  const [store, others] = [openStore(file), openStore(file)]
  t.teardown(() => { store.close(); others.close() })
  const notes = store.collection<Note>('notes', { maxCached: 2 })
  const keeping = { tags: ['all'], ttl: 10 }
  const remembered = async () => {
    await notes.set('a', { text: 'old' }, keeping)
    return await notes.get('a')
  }

  t.equal(await remembered(), await notes.get('a'), 'it is the same value')
  const note = await notes.get('a')
  t.throws(() => { note!.text = 'mine' }, TypeError, 'which nobody can change for the others')

  const changes: [string, Note | undefined, () => Promise<unknown>][] = [
    ['set', { text: 'new' }, () => notes.set('a', { text: 'new' }, keeping)],
    ['update', { text: 'new' }, () => notes.update('a', () => ({ text: 'new' }))],
    ['take', undefined, () => notes.take('a')],
    ['delete', undefined, () => notes.delete('a')],
    ['deleteTagged', undefined, () => notes.deleteTagged('all')],
    ['clear', undefined, () => store.clear()],
    ['a second collection of the same name', { text: 'new' }, () => store.collection<Note>('notes').set('a', { text: 'new' }, keeping)],
    ['another process', { text: 'new' }, () => others.collection<Note>('notes').set('a', { text: 'new' }, keeping)]
  ]
  for (const [what, expected, change] of changes) {
    t.same(await remembered(), { text: 'old' })
    await change()
    t.same(await notes.get('a'), expected, what)
  }

  await remembered()
  await notes.prolongTagged('all', 20)
  now += 19_999
  t.same(await notes.get('a'), { text: 'old' }, 'prolonged')
  now += 1
  t.equal(await notes.get('a'), undefined, 'expired')
  t.equal(await notes.add('a', { text: 'again' }), true)
  t.same(await notes.get('a'), { text: 'again' }, 'added anew')

  for (const key of 'bcd') await notes.set(key, { text: key })
  const first = await notes.get('b')
  t.equal(await notes.get('b'), first)
  await Promise.all([...'cd'].map(key => notes.get(key)))
  t.not(await notes.get('b'), first, 'and no more of them than it was told to')
})

t.test('still has everything after it was closed and opened again', async t => {
  const file = newFile(t)
  const before = openStore(file)
  await before.collection<Note>('notes').set('a', { text: 'kept' }, { tags: ['all'], ttl: 3600 })
  before.close()
  t.same(await open(t, file).tagged('all'), [{ text: 'kept' }])
})

t.test('changes an entry without losing another change of the same moment', async t => {
  const notes = open(t)
  await notes.set('a', { text: '' }, { ttl: 60, tags: ['letters'] })
  await Promise.all([...'abc'].map(letter => notes.update('a', ({ text }) => ({ text: text + letter }))))
  t.same(await notes.get('a'), { text: 'abc' })
  t.same(texts(await notes.tagged('letters')), ['abc'], 'its tags stay')
  t.same(await notes.update('a', note => note, () => ({ tags: ['final'] })), { text: 'abc' })
  t.same(await notes.tagged('letters'), [], 'unless it is to be kept in another way')
  t.same(texts(await notes.tagged('final')), ['abc'])
  t.equal(await notes.update('b', note => note), undefined, 'nothing where there is none')
  t.equal(await notes.get('b'), undefined)
})

t.test('lets everything that carries a tag live longer', async t => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const notes = open(t)
  for (const key of ['a', 'b']) await notes.set(key, { text: key }, { ttl: 10, tags: ['all'] })
  await notes.set('c', { text: 'c' }, { ttl: 10 })
  now += 9_000
  await notes.prolongTagged('all', 10)
  now += 9_000
  t.same(texts(await notes.tagged('all')), ['a', 'b'])
  t.equal(await notes.get('c'), undefined, 'and nothing else')
})

t.test('of what is written in one moment, loses only what cannot be written', async t => {
  const notes = open(t)
  const written = await Promise.allSettled([
    notes.set('before', { text: 'before' }),
    notes.update('before', () => { throw new Error('no such change') }),
    notes.set('after', { text: 'after' })
  ])
  t.same(written.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
  t.same(await notes.get('before'), { text: 'before' })
  t.same(await notes.get('after'), { text: 'after' })
})

t.test('writes what is under way before it closes', async t => {
  const file = newFile(t)
  const store = openStore(file)
  const writing = store.collection<Note>('notes').set('a', { text: 'just in time' })
  store.close()
  await writing
  t.same(await open(t, file).get('a'), { text: 'just in time' })
})

t.test('refuses to read and to write once it is closed', async t => {
  const store = openStore(':memory:')
  const notes = store.collection<Note>('notes')
  await notes.get('a')
  store.close()
  await t.rejects(notes.get('a'))
  await t.rejects(notes.set('a', { text: 'too late' }))
})

t.test('sees at once what it has written itself, also in a turn in which it has read before', async t => {
  const notes = open(t)
  t.equal(await notes.get('a'), undefined)
  await notes.set('a', { text: 'new' })
  t.same(await notes.get('a'), { text: 'new' })
  await notes.delete('a')
  t.equal(await notes.get('a'), undefined)
})

/** A store, and what another process would have: the file, openTwice a second time. */
function openTwice (t: Test) {
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
  const { notes, other } = openTwice(t)
  other.exec('BEGIN IMMEDIATE')
  const tries = t.capture(StatementSync.prototype, 'run', StatementSync.prototype.run)
  const writes = ['a', 'b', 'c', 'd'].map(key => notes.set(key, key))
  t.match(await outcomes(writes), writes.map(() => /test\.sqlite is in use by another process/))
  t.strictSame(tries().map(({ receiver }) => (receiver as StatementSync).sourceSQL), ['BEGIN IMMEDIATE'], 'each of which would have waited for the lock')
  other.exec('COMMIT')
  await notes.set('a', 'afterwards')
  t.equal(await notes.get('a'), 'afterwards')
})

t.test('a write that the database gives up by itself says why, and takes no other with it', async t => {
  const { notes, other } = openTwice(t)
  // As on a full disk, where SQLite has ended the transaction before it reports the failure.
  other.exec(`CREATE TRIGGER no_room BEFORE INSERT ON entry WHEN NEW.key = 'too much'
    BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`)
  const written = await outcomes([notes.set('before', 'x'), notes.set('too much', 'x'), notes.set('after', 'x')])
  t.strictSame(written, ['written', 'database or disk is full', 'written'])
  t.strictSame([await notes.get('before'), await notes.get('too much'), await notes.get('after')], ['x', undefined, 'x'])
})

t.test('says of a full disk which file cannot be written, until something can be kept again', async t => {
  const store = openStore(newFile(t))
  t.teardown(() => store.close())
  const notes = store.collection('notes')
  const makeRoom = fillDisk(t)
  const [outcome] = await outcomes([notes.set('a', 'x')])
  t.match(outcome, /test\.sqlite cannot be written, as the disk is full: make room$/)
  t.equal(store.failure, outcome)
  makeRoom()
  await notes.delete('nothing')
  t.equal(store.failure, outcome, 'what changes nothing shows nothing')
  await notes.set('a', 'x')
  t.equal(store.failure, undefined)
})

t.test('finds out by itself that something can be kept again, while nobody writes', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const store = openStore(newFile(t))
  t.teardown(() => store.close())
  const makeRoom = fillDisk(t)
  await t.rejects(store.collection<string>('notes').set('a', 'x'))
  mock.timers.tick(30_000)
  await nextTurn()
  t.match(store.failure, /the disk is full/, 'it is still full')
  makeRoom()
  mock.timers.tick(30_000)
  await nextTurn()
  t.equal(store.failure, undefined)
})

t.test('lets nobody but its own user read its files', { skip: process.platform === 'win32' && 'Windows has no such modes' }, async t => {
  const file = newFile(t)
  writeFileSync(file, '', { mode: 0o644 })
  await open(t, file).set('a', { text: 'x' })
  for (const each of [file, `${file}-wal`, `${file}-shm`]) t.equal(statSync(each).mode & 0o777, 0o600, each)
})
