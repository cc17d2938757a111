import { connect, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { EventSource, type MessageEvent } from 'undici'
import { buildServer } from '#lib/server/http-server.ts'
import { ledgerRoutesOf } from '#lib/ledger/ledger-routes.ts'
import type { LedgerEntry, Recording } from '#lib/ledger/ledger-entry.ts'
import { Ledger, type LedgerPage } from '#lib/ledger/ledger.ts'
import { until } from '../helpers/until.ts'
import { serverConfig } from './server-config.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** A service that has nothing but a ledger, on a port of its own. */
async function start (t: Test, limit = 2_000) {
  const ledger = new Ledger({ limit })
  const app = buildServer(serverConfig())
  const sockets = new Set<Socket>()
  app.server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await app.register(ledgerRoutesOf(() => ledger))
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  return {
    ledger,
    app,
    port,
    url: `http://127.0.0.1:${port}/lab/ledger`,
    /** cut all connections */
    cut: () => { for (const socket of sockets) socket.destroy() }
  }
}

/** Take down an exchange, with changes. */
function record (ledger: Ledger, changes: Partial<Recording> = {}) {
  ledger.record({ ...usual, ...changes })
}

const usual = {
  time: '2026-01-01T00:00:00.000Z',
  from: 'app',
  to: 'idp',
  method: 'POST',
  endpoint: 'token',
  path: '/token',
  parameters: { code: 'a-very-long-authorization-code' },
  status: 200,
  answer: {},
  faults: [],
  violations: [],
  durationMs: 1
}

/** What a page would hear that follows the ledger. */
function follow (t: Test, url: string, query = '') {
  const source = new EventSource(`${url}/events${query}`)
  t.teardown(() => source.close())
  const heard: { event: string, data: Partial<LedgerEntry> & { count?: number } }[] = []
  for (const event of ['ready', 'exchange', 'forgotten', 'cleared']) {
    source.addEventListener(event, message => heard.push({ event, data: JSON.parse((message as MessageEvent).data) }))
  }
  return {
    heard,
    ids: () => heard.filter(({ event }) => event === 'exchange').map(({ data }) => data.id),
    hasHeard: (event: string, times = 1) =>
      until(`${event} was heard`, () => heard.filter(one => one.event === event).length === times)
  }
}

t.test('answers a query, with secrets shortened or shown', async t => {
  const { ledger, app } = await start(t)
  record(ledger, { client_id: 'shop' })
  record(ledger, { endpoint: 'userinfo' })

  const ask = async (query: string) => (await app.inject(`/lab/ledger?${query}`)).json<LedgerPage>()
  t.match(await ask('endpoint=token'), { count: 1, entries: [{ client_id: 'shop', parameters: { code: 'a-very…30' } }] })
  t.match(await ask('endpoint=token&secrets=show'), { entries: [{ parameters: { code: 'a-very-long-authorization-code' } }] })
  t.match(await ask('status=200&order=desc&limit=1'), { count: 2, entries: [{ id: 2 }] })
  t.match(await ask('since=1'), { entries: [{ id: 2 }], last: 2 })
})

t.test('refuses what it does not understand', async t => {
  const { app } = await start(t)
  for (const query of ['limit=0', 'since=yesterday', 'order=random', 'secrets=all', 'status=ok']) {
    t.equal((await app.inject(`/lab/ledger?${query}`)).statusCode, 400, query)
  }
})

t.test('clears the ledger, as often as one likes', async t => {
  const { ledger, app } = await start(t)
  record(ledger)
  for (const time of ['once', 'twice']) {
    t.equal((await app.inject({ method: 'DELETE', url: '/lab/ledger' })).statusCode, 204, time)
  }
  t.match((await app.inject('/lab/ledger')).json(), { count: 0 })
})

t.test('answers a wait at once where it has come already, and otherwise when it comes', async t => {
  const { ledger, url } = await start(t)
  record(ledger)
  t.match(await (await fetch(`${url}/wait?endpoint=token`)).json(), { count: 1, entries: [{ id: 1 }] })

  const waiting = fetch(`${url}/wait?endpoint=token&count=2&timeout=60`)
  await until('it waits', () => ledger.listeners === 1)
  record(ledger, { endpoint: 'jwks' })
  record(ledger)
  const answer = await waiting
  t.equal(answer.status, 200)
  t.match(await answer.json(), { count: 2, entries: [{ id: 1 }, { id: 3 }] })
})

t.test('answers 408 to a wait that was in vain, with what there was', async t => {
  const { ledger, app } = await start(t)
  record(ledger)
  const answer = await app.inject('/lab/ledger/wait?endpoint=token&count=2&timeout=0.01')
  t.equal(answer.statusCode, 408)
  t.match(answer.json(), {
    error: 'timeout', error_description: /^1 of 2 HTTP exchanges matched within 0\.01 s/, count: 1, entries: [{ id: 1 }]
  })
})

t.test('says to a wait that was in vain what came instead', async t => {
  const { ledger, app } = await start(t)
  const saidTo = async (query: string) => (await app.inject(`/lab/ledger/wait?timeout=0&${query}`)).json()
  t.match(await saidTo('endpoint=token'), { error_description: /; nothing else was exchanged$/, nearest: [] })

  record(ledger, { endpoint: 'authorization', client_id: 'shop', method: 'GET', status: 303 })
  record(ledger, { client_id: 'chat' })
  record(ledger, { endpoint: 'jwks', from: 'unknown', method: 'GET' })
  const { error_description: words, nearest } = await saidTo('endpoint=token&client_id=shop')
  t.equal(words, '0 of 1 HTTP exchanges matched within 0 s; what came nearest: POST token 200 (client_id chat, not shop), ' +
    'GET authorization 303 (endpoint authorization, not token)')
  t.match(nearest, [{ differs: ['client_id'], entry: { id: 2 } }, { differs: ['endpoint'], entry: { id: 1 } }])
  t.match(await saidTo('endpoint=token&since=3'), { error_description: /nothing else was exchanged since$/ })
})

t.test('refuses a parameter that there is not', async t => {
  const { app } = await start(t)
  const answer = await app.inject('/lab/ledger?endpiont=token')
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), { error: 'invalid_request', error_description: /did you mean endpoint\?/ })
})

t.test('stops waiting for somebody who has gone', async t => {
  const { ledger, url } = await start(t)
  const gone = new AbortController()
  const waiting = fetch(`${url}/wait?timeout=60`, { signal: gone.signal })
  await until('it waits', () => ledger.listeners === 1)
  gone.abort()
  await t.rejects(waiting)
  await until('nobody waits any more', () => ledger.listeners === 0)
})

t.test('sends what happens from now on to who follows, and only what they ask for', async t => {
  const { ledger, url } = await start(t)
  record(ledger)
  const everything = follow(t, url)
  const errors = follow(t, url, '?status=400&secrets=show')
  await Promise.all([everything.hasHeard('ready'), errors.hasHeard('ready')])

  record(ledger)
  record(ledger, { status: 400 })
  await Promise.all([everything.hasHeard('exchange', 2), errors.hasHeard('exchange')])
  t.same(everything.ids(), [2, 3])
  t.same(errors.ids(), [3])
  t.match(everything.heard[1], { data: { parameters: { code: 'a-very…30' } } })
  t.match(errors.heard[1], { data: { parameters: { code: 'a-very-long-authorization-code' } } })
})

t.test('leaves no gap when a connection breaks, even one on which nothing had come yet', async t => {
  const { ledger, url, cut } = await start(t)
  record(ledger)
  const follower = follow(t, url)
  await follower.hasHeard('ready')

  cut()
  await until('nobody is connected', () => ledger.listeners === 0)
  record(ledger)
  record(ledger)
  await follower.hasHeard('exchange', 2)
  cut()
  await until('nobody is connected', () => ledger.listeners === 0)
  record(ledger)
  await follower.hasHeard('exchange', 3)
  t.same(follower.ids(), [2, 3, 4])
})

t.test('sends everything that there is to who begins at the beginning', async t => {
  const { ledger, url } = await start(t)
  for (let n = 0; n < 300; n++) record(ledger)
  const follower = follow(t, url, '?since=0')
  await follower.hasHeard('exchange', 300)
  t.same(follower.ids(), Array.from({ length: 300 }, (_, n) => n + 1))
})

t.test('says how many had to make room before somebody came back', async t => {
  const { ledger, url } = await start(t, 2)
  for (let n = 0; n < 7; n++) record(ledger)
  const follower = follow(t, url, '?since=3')
  await follower.hasHeard('exchange', 2)
  t.match(follower.heard, [
    { event: 'ready' }, { event: 'forgotten', data: { count: 2 } }, { data: { id: 6 } }, { data: { id: 7 } }
  ])
})

/** Messages of a socket as they come by, and when each was looked at. */
function tape (ledger: Ledger) {
  const lookedAt: number[] = []
  const socket = { link: 'a-socket', last: 0 }
  const put = ledger.tapeFrames({
    describe ({ text, direction }) {
      lookedAt.push(performance.now())
      return { ...usual, endpoint: 'message', parameters: { text }, frame: { direction, name: 'message', connection: 'a-socket' } }
    },
    isSignOfLife: () => false
  })
  return { lookedAt, say: (text: string) => put(socket, 'in', text) }
}

t.test('goes on under a flood of messages, and says in their place how many there were that it could not tell of', async t => {
  const { ledger, url } = await start(t)
  const follower = follow(t, url, '?secrets=show')
  await follower.hasHeard('ready')
  const { say } = tape(ledger)
  record(ledger)
  for (let n = 1; n <= 2_000; n++) say(`message ${n}`)
  record(ledger)
  await follower.hasHeard('exchange', 502)
  t.match(follower.heard.slice(0, 4), [
    { event: 'ready' }, { data: { endpoint: 'token' } }, { event: 'forgotten', data: { count: 1_500 } }, { data: { parameters: { text: 'message 1501' } } }
  ])
  t.match(follower.heard.at(-1), { data: { endpoint: 'token' } })
  t.equal(follower.heard.filter(({ event }) => event === 'ready').length, 1, 'on one connection')
})

t.test('looks at no more than 50 messages of sockets at once for who follows', async t => {
  const { ledger, url } = await start(t)
  const follower = follow(t, url)
  await follower.hasHeard('ready')
  const { say, lookedAt } = tape(ledger)
  for (let n = 1; n <= 200; n++) say(`message ${n}`)
  await follower.hasHeard('exchange', 200)
  for (const next of [50, 100, 150]) t.ok(lookedAt[next]! - lookedAt[next - 1]! > 90, `the ${next + 1}th is looked at after a pause`)
})

t.test('says that it was cleared, and that it is the ledger of another process', async t => {
  const { ledger, url } = await start(t)
  record(ledger)
  const follower = follow(t, url, '?since=0')
  const fromBefore = follow(t, url, '?since=500')
  await Promise.all([follower.hasHeard('exchange'), fromBefore.hasHeard('exchange')])
  t.match(fromBefore.heard, [{ event: 'ready' }, { event: 'cleared' }, { data: { id: 1 } }])

  ledger.clear()
  await follower.hasHeard('cleared')
  record(ledger)
  await follower.hasHeard('exchange', 2)
  t.same(follower.heard.map(({ event }) => event), ['ready', 'exchange', 'cleared', 'exchange'])
})

t.test('cuts off who reads so slowly that entries they have not got make room for others', async t => {
  const { ledger, port } = await start(t, 50)
  const stuck = connect(port, '127.0.0.1')
  t.teardown(() => stuck.destroy())
  stuck.pause().write(`GET /lab/ledger/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`)
  await until('it is connected', () => ledger.listeners === 1)
  const large = { parameters: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`p${n}`, 'x'.repeat(8_000)])) }
  await until('it is cut off', () => {
    record(ledger, large)
    return ledger.listeners === 0
  })
})

t.test('holds nothing for who follows and reads nothing, beyond what it has anyway', async t => {
  const { ledger, port } = await start(t)
  const stuck = connect(port, '127.0.0.1')
  t.teardown(() => stuck.destroy())
  stuck.pause().write(`GET /lab/ledger/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`)
  await until('it is connected', () => ledger.listeners === 1)
  const { say } = tape(ledger)
  const used = () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  for (let burst = 0; burst < 60; burst++) {
    for (let n = 0; n < 500; n++) say('x'.repeat(1_000))
    await nextTurn()
  }
  t.ok(used() - before < 8e6, `${used() - before} bytes of the 30 MB that came by`)
})

t.test('ends all waits and streams when it is closed', async t => {
  const { ledger, url } = await start(t)
  const waiting = fetch(`${url}/wait?timeout=60`)
  const follower = follow(t, url)
  await follower.hasHeard('ready')
  await until('both are there', () => ledger.listeners === 2)
  ledger.close()
  t.equal((await waiting).status, 408)
  await until('nobody is left', () => ledger.listeners === 0)
})

t.test('lets no more than 200 wait at once', async t => {
  const { ledger, app, url } = await start(t)
  for (let n = 0; n < 200; n++) ledger.subscribe(() => {})
  t.equal((await app.inject('/lab/ledger/wait?timeout=0')).statusCode, 503)
  t.equal((await fetch(`${url}/events`)).status, 503)
})
