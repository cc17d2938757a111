// What only a store over Valkey does: several processes on it, and a server that is away, slow, full or read-only.
import { createRequire } from 'node:module'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import { readValkeyAddress } from '#lib/store/valkey/valkey-address.ts'
import { runNode } from '../helpers/command.ts'
import { root } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'
import { noValkey, startValkey, type ValkeyServer } from '../helpers/valkey.ts'

// A command may take two seconds; the rest is for a machine that others use.
const patienceMs = 3_500
const atOnceMs = 1_500
const away = /^the store at valkey:\/\/127\.0\.0\.1:\d+ cannot be reached: start it, or see that STORE_URL names it$/

let names = 0

/** A store that no other test knows, as each of several processes has it. */
async function openStores (t: Test, server: ValkeyServer, count = 1) {
  const name = `test/${++names}`
  return Promise.all(Array.from({ length: count }, () => openNamed(t, server, name)))
}

async function openNamed (t: Test, { url }: ValkeyServer, name: string) {
  const store = await openStore({ name, stateFolder: '', storeUrl: url })
  t.teardown(() => store.close())
  return store
}

/** How an attempt ends, which must be soon. */
async function outcomeOf (t: Test, attempt: Promise<unknown>, limitMs = patienceMs): Promise<string> {
  const since = performance.now()
  const outcome = await attempt.then(() => 'done', (error: Error) => `${error.name}: ${error.message}`)
  const ms = performance.now() - since
  t.ok(ms < limitMs, `after ${Math.round(ms)} ms`)
  return outcome
}

/** Another process, which does something to the store that it opens. */
function runOnStore (t: Test, { url }: ValkeyServer, name: string, act: string) {
  return runNode(t, ['--input-type=module', '--eval', `
    import { openStore } from '${new URL(`file://${root}/services/lib/store/open-store.ts`)}'
    const store = await openStore({ name: '${name}', stateFolder: '', storeUrl: '${url}' })
    ${act}
    await store.close()`], { cwd: root })
}

t.test('reads of a URL where the server is, and shows nobody the password', async t => {
  t.strictSame(readValkeyAddress('valkeys://shop:se%40cret@valkey.example:6380/2'), {
    where: 'valkeys://valkey.example:6380/2',
    options: { host: 'valkey.example', port: 6380, db: 2, username: 'shop', password: 'se@cret', tls: { servername: 'valkey.example' } }
  })
  t.strictSame(readValkeyAddress('redis://[::1]'), { where: 'redis://[::1]:6379', options: { host: '::1', port: 6379, db: 0 } })
})

t.test('a store in files loads nothing of the client', async t => {
  const process = runNode(t, ['--input-type=module', '--eval', `
    import { createRequire } from 'node:module'
    import { openStore } from '${new URL(`file://${root}/services/lib/store/open-store.ts`)}'
    const store = await openStore({ name: 'test', stateFolder: '${t.testdir({})}' })
    await store.collection('notes').set('a', 1)
    const { cache } = createRequire('${root}/')
    console.log(Object.keys(cache).filter(path => path.includes('iovalkey')).length)
    await store.close()`], { cwd: root })
  t.equal(await process.exit, 0, process.output())
  t.equal(process.output().trim(), '0')
  t.ok(Object.keys(createRequire(`${root}/`).cache).some(path => path.includes('iovalkey')), 'where it is loaded, it is seen')
})

const reason = await noValkey()
if (reason !== undefined) {
  t.test('a store over Valkey', { skip: reason }, async () => {})
} else {
  const server = await startValkey(t, '--appendonly', 'yes', '--appendfsync', 'always')

  t.test('of two processes that take and add at once, one gets each', async t => {
    const name = `test/${++names}`
    const store = await openNamed(t, server, name)
    const entries = store.collection<number>('entries')
    const keys = Array.from({ length: 200 }, (_, key) => String(key))
    await Promise.all(keys.map(key => entries.set(key, 1)))
    const other = runOnStore(t, server, name, `
      const entries = store.collection('entries')
      console.log('ready')
      await new Promise(resolve => process.stdin.once('data', resolve))
      let taken = 0
      for (let key = 0; key < 200; key++) if (await entries.take(String(key))) taken++
      console.log('taken', taken)
      process.stdin.destroy()`)
    await other.says(/ready/)
    other.write('go\n')
    let taken = 0
    for (const key of keys) if (await entries.take(key)) taken++
    await other.exit
    const [, byOther] = /taken (\d+)/.exec(other.output()) ?? []
    t.equal(taken + Number(byOther), keys.length, `${taken} here, ${byOther} there`)
  })

  t.test('of two hundred who take one entry at once, exactly one gets it', async t => {
    const [here, there] = await openStores(t, server, 2)
    await here!.collection('codes').set('code', 'once')
    const taken = await Promise.all(Array.from({ length: 200 }, (_, n) => [here, there][n % 2]!.collection('codes').take('code')))
    t.same(taken.filter(Boolean), ['once'])
  })

  t.test('loses no change of several processes to one entry', async t => {
    const stores = await openStores(t, server, 2)
    await stores[0]!.collection<number>('counts').set('count', 0)
    await Promise.all(stores.flatMap(store => {
      const counts = store.collection<number>('counts')
      return Array.from({ length: 20 }, () => counts.update('count', count => count + 1))
    }))
    t.equal(await stores[0]!.collection<number>('counts').get('count'), 40)
  })

  t.test('what several processes count at once is counted together', async t => {
    const counters = (await openStores(t, server, 2)).map(store => store.windowCounter('sign-ins', 60))
    const counted = await Promise.all(Array.from({ length: 100 }, (_, n) => counters[n % 2]!.count('a')))
    t.same(counted.map(({ count }) => count).toSorted((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index + 1))
  })

  t.test('tells what has expired to one of several processes', async t => {
    mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
    t.teardown(() => mock.timers.reset())
    const expired: string[] = []
    const stores = await openStores(t, server, 3)
    const collections = stores.map(store => store.collection<string>('notes', { onExpired: text => expired.push(text) }))
    const texts = Array.from({ length: 600 }, (_, index) => `${index}`)
    for (let start = 0; start < texts.length; start += 50) {
      await Promise.all(texts.slice(start, start + 50).map(text => collections[0]!.set(text, text, { ttl: 10 })))
    }
    mock.timers.tick(30_000)
    await until('all are told', () => expired.length >= texts.length)
    t.same(new Set(expired).size, texts.length)
    t.equal(expired.length, texts.length)
  })

  t.test('the server throws away by its own clock what nobody sweeps, a day after its end', async t => {
    const [store] = await openStores(t, server)
    await store!.collection('notes').set('a', 1, { ttl: 600, tags: ['all'] })
    const [daySeconds, prefix] = [86_400, `{test/${names}}:`]
    const seconds = await Promise.all(['e:notes:a', 't:notes:all', 'x:notes'].map(key => server.admin.ttl(prefix + key)))
    for (const each of seconds) t.ok(each > daySeconds + 590 && each <= daySeconds + 600, `${each} s`)
    await store!.collection('notes').set('b', 1, { tags: ['all'] })
    t.equal(await server.admin.ttl(`${prefix}t:notes:all`), -1, 'and nothing that has no end')
  })

  t.test('the log of all processes numbers its entries without a gap, and keeps the last of them', async t => {
    const stores = await openStores(t, server, 2)
    const logs = stores.map(store => store.sharedLog<{ text: string }>('ledger', { maxEntries: 100 })!)
    const numbers = await Promise.all(Array.from({ length: 500 }, (_, n) => logs[n % 2]!.append({ text: `${n}` })))
    t.same(numbers.toSorted((a, b) => a - b), Array.from({ length: 500 }, (_, index) => index + 1))
    const all = await logs[0]!.read(0)
    t.ok(all.length >= 100 && all.length <= 300, `${all.length} are left`)
    t.equal(all.at(-1)!.number, 500)
    t.same(await logs[1]!.read(497, 2), all.slice(-3, -1), 'a page after a number')
    t.same(await logs[1]!.read(500), [])
    await stores[0]!.clear()
    t.same(await logs[1]!.read(0), [])
    t.equal(await logs[1]!.append({ text: 'anew' }), 501)
  })

  t.test('all stores of a process have one connection, which ends with the last of them', async t => {
    const countClients = async () => String(await server.admin.call('CLIENT', 'LIST', 'TYPE', 'normal')).match(/ addr=/g)!.length
    const before = await countClients()
    const stores = [...await openStores(t, server), ...await openStores(t, server)]
    t.equal(await countClients(), before + 1)
    await stores[0]!.close()
    await stores[1]!.collection('notes').set('a', 1)
    await stores[1]!.close()
    await until('it has ended', async () => await countClients() === before)
  })

  t.test('who has subscribed hears again after an interruption, and that there was one', async t => {
    const [here, there] = await openStores(t, server, 2)
    const heard: string[] = []
    await here!.signals.subscribe<string>('news', text => heard.push(text), { onResubscribed: () => heard.push('resubscribed') })
    await there!.signals.publish('news', 'before')
    await until('it is heard', () => heard.length === 1)
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('there is a new subscription', () => heard.length === 2)
    await there!.signals.publish('news', 'after')
    await until('it is heard', () => heard.length === 3)
    t.same(heard, ['before', 'resubscribed', 'after'])
  })

  t.test('counts the memory of the server', async t => {
    const [store] = await openStores(t, server)
    t.ok(store!.size > 500_000, `${store!.size} bytes`)
  })

  t.test('says of a server whose memory is full that nothing can be written, until something can', async t => {
    const [store] = await openStores(t, server)
    const notes = store!.collection<string>('notes')
    await notes.set('a', 'kept')
    t.equal(store!.failure, undefined)
    await server.admin.config('SET', 'maxmemory', '1mb')
    t.teardown(() => server.admin.config('SET', 'maxmemory', '0'))
    const full = /^StateError: the store at valkey:\S+ cannot be written, as its memory is full: give it more \(maxmemory\), or make room$/
    t.match(await outcomeOf(t, notes.set('b', 'too much')), full)
    t.equal(await notes.get('a'), 'kept', 'what is there can be read')
    t.match(`StateError: ${store!.failure}`, full, 'which does not show that something can be written')
    await server.admin.config('SET', 'maxmemory', '0')
    await until('it finds out by itself', () => store!.failure === undefined)
  })

  t.test('says of a server that takes no writes that nothing can be written, until something can', async t => {
    const [store] = await openStores(t, server)
    const notes = store!.collection<string>('notes')
    await notes.set('a', 'kept', { tags: ['all'] })
    const readOnly = /^StateError: the store at valkey:\S+ cannot be written: see that STORE_URL names the primary/
    for (const [change, changeBack] of [
      [() => server.admin.config('SET', 'min-replicas-to-write', '1'), () => server.admin.config('SET', 'min-replicas-to-write', '0')],
      [() => server.admin.replicaof('127.0.0.1', 1), () => server.admin.replicaof('NO', 'ONE')]
    ] as const) {
      await change()
      t.match(await outcomeOf(t, notes.take('a')), readOnly)
      t.same(await notes.tagged('all'), ['kept'], 'what is there can be read')
      t.match(`StateError: ${store!.failure}`, readOnly)
      await changeBack()
      await until('it finds out by itself', () => store!.failure === undefined)
    }
  })

  t.test('a command that a busy server does not answer has failed after two seconds', async t => {
    const [store] = await openStores(t, server)
    const notes = store!.collection<string>('notes')
    await notes.set('a', 'kept')
    const awake = server.admin.call('DEBUG', 'SLEEP', '5')
    const slow = /^StateError: the store at valkey:\S+ has not answered for 2 seconds: see what keeps it busy$/
    t.match(await outcomeOf(t, notes.get('a')), slow)
    t.match(`StateError: ${store!.failure}`, slow)
    t.match(await outcomeOf(t, notes.get('a'), atOnceMs), slow, 'and the next has failed at once')
    await awake
    await until('it answers again', async () => await notes.get('a') === 'kept' && store!.failure === undefined)
  })

  t.test('refuses to start with a wrong password, and says so at once, without the password', async t => {
    await server.admin.config('SET', 'requirepass', 'right')
    t.teardown(() => server.admin.config('SET', 'requirepass', ''))
    const { host } = new URL(server.url)
    const open = (password: string) => openStore({ name: 'test', stateFolder: '', storeUrl: `valkey://:${password}@${host}` })
    t.equal(await outcomeOf(t, open('wrong')), `StateError: the store at valkey://${host} refuses user or password: see STORE_URL`)
    const store = await open('right')
    await store.collection('notes').set('a', 1)
    await store.close()
  })

  t.test('after kill -9 what was acknowledged is there, and nothing needs a restart', async t => {
    const [store] = await openStores(t, server)
    const notes = store!.collection<number>('notes')
    const heard: string[] = []
    await store!.signals.subscribe<string>('news', text => heard.push(text), { onResubscribed: () => heard.push('resubscribed') })
    const acknowledged: string[] = []
    let written = 0
    const write = async () => {
      for (;;) {
        const key = `${written++}`
        await notes.set(key, 1, { ttl: 3_600, tags: ['all'] })
        acknowledged.push(key)
      }
    }
    const failure = write().catch((error: Error) => error.message)
    await until('some are written', () => acknowledged.length > 20)
    await server.kill()
    t.match(await failure, away, 'what was under way')
    t.match(store!.failure, away)
    const attempts = [
      () => notes.get('0'), () => notes.take('0'), () => notes.tagged('all'), () => store!.secrets.keep('key', () => 1),
      () => store!.readRevision(), () => store!.signals.publish('news', 'lost'), () => store!.signals.subscribe('other', () => {}),
      () => store!.windowCounter('sign-ins', 60).count('a')
    ]
    for (const attempt of attempts) {
      t.match((await outcomeOf(t, attempt(), atOnceMs)).replace('StateError: ', ''), away)
    }
    await server.start()
    await until('it is found again', () => store!.failure === undefined)
    t.same((await Promise.all(acknowledged.map(key => notes.get(key)))).filter(value => value !== 1), [], `${acknowledged.length} are there`)
    await until('it has subscribed again', () => heard.includes('resubscribed'))
    await store!.signals.publish('news', 'found again')
    await until('it is heard', () => heard.includes('found again'))
  })

  t.test('starts with a server that comes a moment later, and not with one that does not come', async t => {
    await server.kill()
    const early = openStores(t, server)
    await server.start()
    await (await early)[0]!.collection('notes').set('a', 1)
    await t.rejects(openStore({ name: 'test', stateFolder: '', storeUrl: 'valkey://user:secret@127.0.0.1:1' }), {
      name: 'StateError', message: 'the store at valkey://127.0.0.1:1 cannot be reached: start it, or see that STORE_URL names it'
    })
  })
}
