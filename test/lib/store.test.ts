import { AsyncLocalStorage } from 'node:async_hooks'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import { fillDisk } from '../helpers/full-disk.ts'
import { onEachStore, type StorePlace } from '../helpers/store-kinds.ts'
import { until } from '../helpers/until.ts'

interface Note { text: string }

const openNotes = async (place: StorePlace) => (await place.open()).collection<Note>('notes')
const texts = (notes: Note[]) => notes.map(note => note.text)

onEachStore('gives back what was written, and nothing for what was not', async (t, place) => {
  const notes = await openNotes(place)
  await notes.set('a', { text: 'first' })
  t.same(await notes.get('a'), { text: 'first' })
  t.equal(await notes.get('b'), undefined)
})

onEachStore('keeps collections apart', async (t, place) => {
  const store = await place.open()
  await store.collection('one').set('key', 1, { tags: ['tag'] })
  t.equal(await store.collection('other').get('key'), undefined)
  t.same(await store.collection('other').tagged('tag'), [])
})

onEachStore('replaces the value and the tags of a key', async (t, place) => {
  const notes = await openNotes(place)
  await notes.set('a', { text: 'old' }, { tags: ['draft'] })
  await notes.set('a', { text: 'new' }, { tags: ['final'] })
  t.same(texts(await notes.tagged('final')), ['new'])
  t.same(await notes.tagged('draft'), [])
})

onEachStore('forgets an entry when its time is over, and never one without a time', async (t, place) => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const notes = await openNotes(place)
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

onEachStore('sweeps away what has expired', async (t, place) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  t.teardown(() => mock.timers.reset())
  const notes = await openNotes(place)
  await notes.set('a', { text: 'short-lived' }, { ttl: 10, tags: ['all'] })
  t.equal(await place.countEntries(), 1)
  mock.timers.tick(60_000)
  await until('it is gone', async () => await place.countEntries() === 0)
})

onEachStore('tells what has expired to whoever wants to know, once, and nothing of what was deleted or prolonged', async (t, place) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  t.teardown(() => mock.timers.reset())
  const store = await place.open()
  const expired: string[] = []
  const notes = store.collection<Note>('notes', { onExpired: ({ text }) => expired.push(text) })
  for (const key of ['short', 'taken', 'prolonged']) await notes.set(key, { text: key }, { ttl: 10, tags: [key] })
  await store.collection<Note>('others').set('a', { text: 'of another collection' }, { ttl: 10 })
  await notes.take('taken')
  await notes.prolongTagged('prolonged', 100)
  for (const swept of ['once', 'twice']) {
    mock.timers.tick(30_000)
    await until('it was swept', async () => expired.length > 0 && await place.countEntries() === 1)
    t.same(expired, ['short'], swept)
  }
})

onEachStore('adds only where nothing is', async (t, place) => {
  const notes = await openNotes(place)
  t.equal(await notes.add('a', { text: 'first' }), true)
  t.equal(await notes.add('a', { text: 'second' }), false)
  t.same(await notes.get('a'), { text: 'first' })
})

onEachStore('of many who add at once, lets exactly one', async (t, place) => {
  const handles = [await openNotes(place), await openNotes(place)]
  const added = await Promise.all(Array.from({ length: 40 }, (_, n) => handles[n % 2]!.add('a', { text: `${n}` })))
  t.equal(added.filter(Boolean).length, 1)
})

onEachStore('deletes what has a value, and not what somebody else has written meanwhile', async (t, place) => {
  const notes = await openNotes(place)
  await notes.set('a', { text: 'mine' })
  await notes.set('b', { text: 'mine' })
  await notes.set('b', { text: 'theirs' })
  for (const key of ['a', 'b']) await notes.compareAndDelete(key, { text: 'mine' })
  t.equal(await notes.get('a'), undefined)
  t.same(await notes.get('b'), { text: 'theirs' })
})

onEachStore('of many who take at once, gives to exactly one', async (t, place) => {
  const handles = [await openNotes(place), await openNotes(place)]
  await handles[0]!.set('a', { text: 'once' })
  const taken = await Promise.all(Array.from({ length: 40 }, (_, n) => handles[n % 2]!.take('a')))
  t.same(taken.filter(Boolean), [{ text: 'once' }])
})

onEachStore('lists what carries a tag in the order of writing, and a page of it', async (t, place) => {
  const notes = await openNotes(place)
  for (const text of ['1', '2', '3', '4', '5']) await notes.set(text, { text }, { tags: ['all', ...(Number(text) % 2 ? ['odd'] : [])] })
  t.same(texts(await notes.tagged('all')), ['1', '2', '3', '4', '5'])
  t.same(texts(await notes.tagged('odd')), ['1', '3', '5'])
  t.same(texts(await notes.tagged('all', { limit: 2, offset: 1 })), ['2', '3'])
  t.same(texts(await notes.tagged('all', { newestFirst: true, limit: 2 })), ['5', '4'])
  t.same(texts(await notes.tagged('all', { newestFirst: true, limit: 2, offset: 4 })), ['1'])
  t.equal(await notes.countTagged('odd'), 3)
})

onEachStore('keeps an entry that is written again in its place of the list', async (t, place) => {
  const notes = await openNotes(place)
  for (const text of ['1', '2']) await notes.set(text, { text }, { tags: ['all'] })
  await notes.set('1', { text: '1, changed' }, { tags: ['all'] })
  t.same(texts(await notes.tagged('all')), ['1, changed', '2'])
})

onEachStore('deletes one entry, or everything that carries a tag', async (t, place) => {
  const notes = await openNotes(place)
  for (const text of ['1', '2', '3']) await notes.set(text, { text }, { tags: text === '3' ? [] : ['family'] })
  await notes.deleteTagged('family')
  t.same([await notes.get('1'), await notes.get('2')], [undefined, undefined])
  t.same(await notes.get('3'), { text: '3' })
  await notes.delete('3')
  t.equal(await notes.get('3'), undefined)
})

onEachStore('shows to one handle what another has written to the same file', async (t, place) => {
  const [one, other] = [await openNotes(place), await openNotes(place)]
  await one.set('a', { text: 'hello' }, { tags: ['all'] })
  t.same(await other.get('a'), { text: 'hello' })
  await other.delete('a')
  t.same(await one.tagged('all'), [])
})

onEachStore('still has everything after it was closed and opened again', async (t, place) => {
  const before = await place.open()
  await before.collection<Note>('notes').set('a', { text: 'kept' }, { tags: ['all'], ttl: 3600 })
  await before.close()
  t.same(await (await openNotes(place)).tagged('all'), [{ text: 'kept' }])
})

onEachStore('changes an entry without losing another change of the same moment', async (t, place) => {
  const notes = await openNotes(place)
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

onEachStore('lets everything that carries a tag live longer', async (t, place) => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const notes = await openNotes(place)
  for (const key of ['a', 'b']) await notes.set(key, { text: key }, { ttl: 10, tags: ['all'] })
  await notes.set('c', { text: 'c' }, { ttl: 10 })
  now += 9_000
  await notes.prolongTagged('all', 10)
  now += 9_000
  t.same(texts(await notes.tagged('all')), ['a', 'b'])
  t.equal(await notes.get('c'), undefined, 'and nothing else')
})

onEachStore('of what is written in one moment, loses only what cannot be written', async (t, place) => {
  const notes = await openNotes(place)
  const written = await Promise.allSettled([
    notes.set('before', { text: 'before' }),
    notes.update('before', () => { throw new Error('no such change') }),
    notes.set('after', { text: 'after' })
  ])
  t.same(written.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
  t.same(await notes.get('before'), { text: 'before' })
  t.same(await notes.get('after'), { text: 'after' })
})

onEachStore('writes what is under way before it closes', async (t, place) => {
  const store = await place.open()
  const writing = store.collection<Note>('notes').set('a', { text: 'just in time' })
  const closing = store.close()
  await writing
  await closing
  t.same(await (await openNotes(place)).get('a'), { text: 'just in time' })
})

onEachStore('refuses to read and to write once it is closed', async (t, place) => {
  const store = await place.open()
  const notes = store.collection<Note>('notes')
  await notes.get('a')
  await store.close()
  await t.rejects(notes.get('a'))
  await t.rejects(notes.set('a', { text: 'too late' }))
})

onEachStore('sees at once what it has written itself, also in a turn in which it has read before', async (t, place) => {
  const notes = await openNotes(place)
  t.equal(await notes.get('a'), undefined)
  await notes.set('a', { text: 'new' })
  t.same(await notes.get('a'), { text: 'new' })
  await notes.delete('a')
  t.equal(await notes.get('a'), undefined)
})

onEachStore('takes an entry that is written again from the tags that it has no more, also of many writes at once', async (t, place) => {
  const notes = await openNotes(place)
  await Promise.all(['a', 'b', 'c'].map(tag => notes.set('key', { text: tag }, { tags: [tag] })))
  t.same([await notes.countTagged('a'), await notes.countTagged('b'), await notes.countTagged('c')], [0, 0, 1])
})

onEachStore('forgets everything but its secrets, and only what is its own', async (t, place) => {
  const store = await place.open()
  const notes = store.collection<Note>('notes')
  const made = await store.secrets.keep('key', () => ({ made: 1 }))
  await notes.set('a', { text: 'a' }, { tags: ['all'] })
  await store.clear()
  t.same([await notes.get('a'), await notes.tagged('all'), await place.countEntries()], [undefined, [], 0])
  t.same(await store.secrets.keep('key', () => ({ made: 2 })), made)
})

onEachStore('once it is removed, begins anew without what it had, secrets included', async (t, place) => {
  const store = await place.open()
  await store.collection('notes').set('a', { text: 'a' })
  await store.secrets.keep('key', () => 'old')
  await store.remove()
  const anew = await place.open()
  t.equal(await anew.collection('notes').get('a'), undefined)
  t.equal(await anew.secrets.keep('key', () => 'new'), 'new')
})

onEachStore('keeps the secret of whoever makes it first', async (t, place) => {
  const stores = [await place.open(), await place.open()]
  const kept = await Promise.all(Array.from({ length: 10 }, (_, made) => stores[made % 2]!.secrets.keep('key', () => ({ made }))))
  t.equal(new Set(kept.map(({ made }) => made)).size, 1)
  t.same(await (await place.open()).secrets.keep('key', () => ({ made: 100 })), kept[0], 'also after a restart')
  const damaged = { name: 'StateError', message: /key.* is damaged: put back a copy/ }
  await t.rejects(stores[0]!.secrets.keep('key', () => ({ made: 100 }), () => false), damaged)
})

onEachStore('changes a secret without losing another change of the same moment', async (t, place) => {
  const { secrets } = await place.open()
  await secrets.keep('letters', () => [] as string[])
  const changed = await Promise.all([...'abc'].map(letter => secrets.change<string[]>('letters', letters => [...letters, letter])))
  t.same((await secrets.keep('letters', () => [] as string[])).toSorted(), ['a', 'b', 'c'])
  t.ok(changed.some(letters => letters.length === 3), 'who comes last gets all')
  await t.rejects(secrets.change('nothing', kept => kept), { name: 'StateError', message: /nothing.* is gone/ })
})

onEachStore('tells all who have subscribed to a channel, themselves included, later and in order', async (t, place) => {
  const { signals } = await place.open()
  const heard: string[] = []
  const context = new AsyncLocalStorage<string>()
  await signals.subscribe('other', () => heard.push('of another channel'))
  const end = await context.run('first', () => signals.subscribe<Note>('news', ({ text }) => heard.push(`${text} ${context.getStore()}`)))
  await signals.subscribe<Note>('news', ({ text }) => heard.push(`${text} second`))
  const published = Promise.all(['1', '2'].map(text => signals.publish('news', { text })))
  t.same(heard, [])
  await published
  await until('all have heard', () => heard.length === 4)
  t.same(heard, ['1 first', '1 second', '2 first', '2 second'])
  end()
  await signals.publish('news', { text: '3' })
  await until('the other has heard', () => heard.length === 5)
  t.equal(heard.at(-1), '3 second', 'not whoever has ended it')
})

onEachStore('has a revision that rises by one, and outlives what is cleared', async (t, place) => {
  const store = await place.open()
  const before = await store.readRevision()
  t.equal(await store.revise(), before + 1)
  await store.clear()
  t.equal(await store.readRevision(), before + 1)
})

onEachStore('counts each key of a counter for itself, says when its window ends, and forgets it when all is cleared', async (t, place) => {
  const store = await place.open()
  const countOf = async (name: string, key: string) => (await store.windowCounter(name, 60).count(key)).count
  const counts: number[] = []
  for (const [name, key] of [['one', 'a'], ['one', 'a'], ['one', 'b'], ['other', 'a']] as const) counts.push(await countOf(name, key))
  t.same(counts, [1, 2, 1, 1])
  const { msLeft } = await store.windowCounter('one', 60).count('a')
  t.ok(msLeft > 0 && msLeft <= 60_000, `${msLeft} ms`)
  await store.clear()
  t.equal(await countOf('one', 'a'), 1)
})

onEachStore('counts anew once a window has ended, which begins with the first that is counted', async (t, place) => {
  const counter = (await place.open()).windowCounter('notes', 1)
  t.equal((await counter.count('a')).count, 1)
  await until('the window has ended', async () => (await counter.count('a')).count === 1)
})

/** A store over SQLite, as a process has it. */
async function openIn (t: Test, stateFolder: string) {
  const store = await openStore({ name: 'test', stateFolder })
  t.teardown(() => store.close())
  return store
}

t.test('what it remembers of the last reads is what is kept, whoever has changed that since', async t => {
  let now = 1_000_000
  t.intercept(Date, 'now', { value: () => now })
  const stateFolder = t.testdir({})
  const [store, others] = [await openIn(t, stateFolder), await openIn(t, stateFolder)]
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

/** A store, and what another process would have: the file, opened a second time. */
async function openTwice (t: Test) {
  const folder = t.testdir({})
  const store = await openIn(t, folder)
  const other = new DatabaseSync(join(folder, 'test.sqlite'))
  t.teardown(() => other.close())
  return { notes: store.collection<string>('notes'), other }
}

/** Why each of several writes failed, or `written`. */
const outcomes = async (writes: Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map(result => result.status === 'rejected' ? (result.reason as Error).message : 'written')

t.test('who keeps others from writing holds them up once, however much there is to write', async t => {
  const { notes, other } = await openTwice(t)
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
  const { notes, other } = await openTwice(t)
  // As on a full disk, where SQLite has ended the transaction before it reports the failure.
  other.exec(`CREATE TRIGGER no_room BEFORE INSERT ON entry WHEN NEW.key = 'too much'
    BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`)
  const written = await outcomes([notes.set('before', 'x'), notes.set('too much', 'x'), notes.set('after', 'x')])
  t.strictSame(written, ['written', 'database or disk is full', 'written'])
  t.strictSame([await notes.get('before'), await notes.get('too much'), await notes.get('after')], ['x', undefined, 'x'])
})

t.test('says of a full disk which file cannot be written, until something can be kept again', async t => {
  const store = await openIn(t, t.testdir({}))
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
  const store = await openIn(t, t.testdir({}))
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
  const folder = t.testdir({ 'test.sqlite': '' })
  const file = join(folder, 'test.sqlite')
  chmodSync(file, 0o644)
  await (await openIn(t, folder)).collection('notes').set('a', 'x')
  for (const each of [file, `${file}-wal`, `${file}-shm`]) t.equal(statSync(each).mode & 0o777, 0o600, each)
})
