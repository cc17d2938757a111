import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { isDate } from 'node:util/types'
import { jwtVerify, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { installClock, moveProcessClock, realNow, runAt, theProcessClock, useProcessClock } from '#lib/clock/clock.ts'
import { handleByClock } from '#lib/clock/request-clock.ts'
import { buildServer } from '#lib/server/http-server.ts'
import { moveOtherClocks } from '#lib/control-api/other-services.ts'
import { processClockRoutes } from '#lib/control-api/process-clock-routes.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { openStore } from '#lib/store/open-store.ts'
import { RevisionFollower } from '#lib/store/revision-follower.ts'
import { stopClock } from '../helpers/clock.ts'
import { serverConfig } from './server-config.ts'

const System = Date
const hour = 3_600_000
const decade = 315_576_000_000

/** That a time which is told is so far from the system's. */
function tells (t: Test, offsetMs: number, tell: () => number, message: string) {
  const before = realNow()
  const told = tell()
  t.ok(before + offsetMs <= told && told <= realNow() + offsetMs, `${message}: ${told - before - offsetMs} ms off`)
}

/** Go by the process's clock for one test. */
function use (t: Test, keptOffsetMs = 0) {
  const heard: number[] = []
  t.teardown(useProcessClock({ keptOffsetMs, moved: async offsetMs => { heard.push(offsetMs) } }))
  return heard
}

t.test('time is the system\'s as long as no lab wants another', async t => {
  await moveProcessClock(hour)
  tells(t, 0, Date.now, 'Date.now()')
  runAt({ offsetMs: -hour }, () => tells(t, 0, () => new Date().getTime(), 'new Date()'))
  await moveProcessClock(0)
  t.equal(Date, System)
})

const places = [['ahead', hour], ['behind', -hour], ['ten years ahead', decade], ['ten years behind', -decade]] as const
for (const [where, offsetMs] of places) {
  t.test(`everything that asks for the time hears it ${where}`, async t => {
    use(t)
    await moveProcessClock(offsetMs)
    tells(t, offsetMs, Date.now, 'Date.now()')
    tells(t, offsetMs, () => new Date().getTime(), 'new Date()')
    const asText = (time: number) => new System(time).toString()
    const before = realNow() + offsetMs
    const texts = [asText(before), Date(), asText(realNow() + offsetMs)].map(text => Date.parse(text))
    t.strictSame(texts, texts.toSorted((a, b) => a - b), 'Date()')
    tells(t, 0, realNow, 'and the system\'s is still to be had')
  })
}

t.test('a Date is a Date as before', async t => {
  use(t)
  await moveProcessClock(hour)
  const then = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
  t.equal(Date.parse('2026-01-02T03:04:05.006Z'), then)
  for (const [how, date] of Object.entries({
    'of a number': new Date(then),
    'of a text': new Date('2026-01-02T03:04:05.006Z'),
    'of another': new Date(new Date(then)),
    'of fields': new Date(new Date(then).getFullYear(), 0, 2, new Date(then).getHours(), new Date(then).getMinutes(), 5, 6),
    'of the system\'s own': new System(then),
    'as a structured clone': structuredClone(new Date(then))
  })) {
    t.equal(date.toISOString(), '2026-01-02T03:04:05.006Z', how)
    t.ok(date instanceof Date && date instanceof System && isDate(date), how)
    t.equal(date.constructor, Date, how)
  }
  for (const none of [NaN, undefined]) t.ok(Number.isNaN(Reflect.construct(Date, [none]).getTime()), `${none} is no time`)
  t.equal(JSON.stringify({ at: new Date(then) }), '{"at":"2026-01-02T03:04:05.006Z"}')
  t.strictSame([Date.name, Date.length, typeof Date], ['Date', 7, 'function'])
  t.strictSame(Object.keys(Date), [])
})

t.test('a class of its own on top of Date tells the same time', async t => {
  use(t)
  await moveProcessClock(hour)
  class Day extends Date {
    get isLong () { return true }
  }
  const day = new Day()
  tells(t, hour, () => new Day().getTime(), 'its time')
  t.ok(day instanceof Day && day instanceof Date && day.isLong)
  t.equal(new Day(5).getTime(), 5)
})

t.test('two clocks in one process do not see each other, whatever they wait for', async t => {
  use(t)
  await moveProcessClock(5 * hour)
  const mine = { offsetMs: hour }
  const yours = { offsetMs: -hour }
  const lookAround = (clock: { offsetMs: number }) => runAt(clock, async () => {
    const waits = { 'a turn': () => turn(), 'a timer': () => pause(1), 'a promise': () => Promise.resolve() }
    for (const [what, wait] of Object.entries(waits)) {
      await wait()
      tells(t, clock.offsetMs, Date.now, `after ${what}`)
    }
    const events = new EventEmitter()
    setImmediate(() => events.emit('it'))
    await once(events, 'it')
    tells(t, clock.offsetMs, Date.now, 'after an event')
  })
  await Promise.all([lookAround(mine), lookAround(yours)])
  runAt(mine, () => {
    mine.offsetMs = 2 * hour
    tells(t, 2 * hour, Date.now, 'moved meanwhile')
    runAt(yours, () => tells(t, -hour, Date.now, 'one within the other'))
  })
  tells(t, 5 * hour, Date.now, 'the process\'s own')
})

t.test('timers and what is measured do not jump with it', async t => {
  use(t)
  const began = performance.now()
  for (const offsetMs of [decade, -decade, 0]) {
    const timer = pause(1)
    await moveProcessClock(offsetMs)
    await timer
  }
  t.ok(performance.now() - began < hour)
})

t.test('a JWT ends when the clock says so, and is good again where it is put back', async t => {
  use(t)
  const key = new Uint8Array(32)
  const jwt = await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuedAt().setExpirationTime('15 minutes').sign(key)
  await jwtVerify(jwt, key)
  await moveProcessClock(16 * 60_000)
  await t.rejects(jwtVerify(jwt, key), { code: 'ERR_JWT_EXPIRED' })
  await runAt({ offsetMs: 0 }, () => jwtVerify(jwt, key))
  await moveProcessClock(0)
  await jwtVerify(jwt, key)
})

t.test('a test can put its own time in place, and take it away', async t => {
  use(t)
  await moveProcessClock(hour)
  await t.test('for Date.now()', async t => {
    t.intercept(Date, 'now', { value: () => 42 })
    t.equal(Date.now(), 42)
  })
  tells(t, hour, Date.now, 'after the first')
  await t.test('for all of Date', async t => {
    const later = stopClock(t)
    const stopped = Date.now()
    installClock()
    later(3)
    t.equal(Date.now(), stopped + 3000)
    t.equal(new Date().getTime(), stopped + 3000)
  })
  tells(t, hour, () => new Date().getTime(), 'after the second')
})

t.test('to install it again changes nothing', async t => {
  use(t)
  const installed = Date
  await moveProcessClock(hour)
  installClock()
  t.equal(Date, installed)
  tells(t, hour, Date.now, 'moved once')
})

t.test('the services of one process share its clock', async t => {
  const firstHeard: number[] = []
  const leaveFirst = useProcessClock({ keptOffsetMs: hour, moved: async offsetMs => { firstHeard.push(offsetMs) } })
  tells(t, hour, Date.now, 'what the first has kept is applied')
  const leaveSecond = useProcessClock({ keptOffsetMs: -hour, moved: async () => { t.fail('it has gone') } })
  tells(t, hour, Date.now, 'what the second has kept is not')
  leaveSecond()

  await moveProcessClock(2 * hour)
  await moveProcessClock(2 * hour)
  t.strictSame(firstHeard, [2 * hour], 'who uses it hears of each move, once')
  t.equal(theProcessClock.offsetMs, 2 * hour)
  leaveFirst()
  tells(t, 0, Date.now, 'with the last of them it is over')
})

const host = 'service.localhost:4000'
const url = `http://${host}`
const day = 86_400
const tenYears = 315_576_000

function newApp () {
  return buildServer(serverConfig({ url }))
}

/** A service with a clock, its store in a file. */
async function start (t: Test, { folder = t.testdir({}), name = 'service', onMoved = () => {} } = {}) {
  const app = newApp()
  const store = await openStore({ name, stateFolder: folder })
  app.addHook('onClose', async () => store.close())
  await app.register(processClockRoutes, { url, store, revisions: new RevisionFollower(store), onMoved })
  app.get('/greeting', async () => 'hello')
  t.teardown(() => app.close())

  async function call (
    method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, payload?: unknown, headers: Record<string, string> = {}
  ) {
    const response = await app.inject({
      method,
      url: path,
      headers: { host, ...(payload !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) })
    })
    return { status: response.statusCode, headers: response.headers, body: response.json() as Record<string, unknown> }
  }

  return {
    app,
    folder,
    call,
    put: (offsetSeconds: unknown) => call('PUT', '/lab/clock', { offsetSeconds }),
    offset: async () => (await call('GET', '/lab/clock')).body['offsetSeconds']
  }
}

/** By how many seconds the time that is told is ahead, rounded to what a slow machine may lose. */
const aheadByDays = (told: number) => Math.round((told - realNow()) / 1000 / day * 100) / 100

t.test('the clock is set, moved on and put back, and everything goes by it', async t => {
  const { call, put } = await start(t)
  t.match(await call('GET', '/lab/clock'), { status: 200, body: { offsetSeconds: 0 }, headers: { 'cache-control': 'no-store' } })
  const steps: [string, () => ReturnType<typeof call>, number][] = [
    ['set', () => put(day), day],
    ['set to the same', () => put(day), day],
    ['moved on', () => call('POST', '/lab/clock/advance', { seconds: day }), 2 * day],
    ['moved on once more', () => call('POST', '/lab/clock/advance', { seconds: day }), 3 * day],
    ['moved back', () => call('POST', '/lab/clock/advance', { seconds: -4 * day }), -day],
    ['by parts of a second', () => put(0.5), 0.5],
    ['as far as it goes', () => put(tenYears), tenYears],
    ['as far back as it goes', () => put(-tenYears), -tenYears],
    ['put back', () => call('DELETE', '/lab/clock'), 0],
    ['put back again', () => call('DELETE', '/lab/clock'), 0]
  ]
  for (const [what, step, offsetSeconds] of steps) {
    const { status, body } = await step()
    t.equal(status, 200, what)
    t.equal(body['offsetSeconds'], offsetSeconds, what)
    t.equal(aheadByDays(Date.parse(String(body['now']))), aheadByDays(realNow() + offsetSeconds * 1000), `${what}: what it says`)
    t.equal(aheadByDays(Date.now()), aheadByDays(realNow() + offsetSeconds * 1000), `${what}: what everything hears`)
    t.same((await call('GET', '/lab/clock')).body['offsetSeconds'], offsetSeconds, what)
  }
})

t.test('browsers are told the time by which cookies are dated', async t => {
  const { app, put } = await start(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const dateOf = async () => Date.parse((await fetch(`${app.listeningOrigin}/greeting`)).headers.get('date')!)
  for (const offsetSeconds of [day, -day, 0]) {
    await put(offsetSeconds)
    t.equal(aheadByDays(await dateOf()), offsetSeconds / day)
  }
})

t.test('what was set outlives a restart', async t => {
  const first = await start(t)
  await first.put(day)
  await first.app.close()
  t.equal(aheadByDays(Date.now()), 0, 'when nobody uses it, it is the system\'s')

  const second = await start(t, { folder: first.folder })
  t.equal(await second.offset(), day)
  t.equal(aheadByDays(Date.now()), 1)
  await second.call('DELETE', '/lab/clock')
  await second.app.close()

  const third = await start(t, { folder: first.folder })
  t.equal(await third.offset(), 0)
})

t.test('services in one process go by one clock, and each keeps it', async t => {
  const moves = { one: 0, other: 0 }
  const one = await start(t, { name: 'one', onMoved: () => { moves.one++ } })
  const other = await start(t, { name: 'other', folder: one.folder, onMoved: () => { moves.other++ } })
  await one.put(day)
  await other.put(day)
  t.equal(await one.offset(), day, 'the same, told twice, is the same')
  t.strictSame(moves, { one: 1, other: 1 })
  for (const { app } of [one, other]) await app.close()

  const alone = await start(t, { name: 'other', folder: one.folder })
  t.equal(await alone.offset(), day)
  const late = await start(t, { name: 'late', folder: one.folder })
  t.equal(await late.offset(), day, 'who comes later finds it where it is')
})

t.test('what is no offset is refused in words, and moves nothing', async t => {
  const { call, put, offset } = await start(t)
  await put(day)
  const cases: [string, 'PUT' | 'POST', string, unknown, RegExp][] = [
    ['a text', 'PUT', '', { offsetSeconds: '5' }, /offsetSeconds.* number/],
    ['null', 'PUT', '', { offsetSeconds: null }, /offsetSeconds.* number/],
    ['true', 'PUT', '', { offsetSeconds: true }, /offsetSeconds.* number/],
    ['nothing', 'PUT', '', {}, /offsetSeconds/],
    ['no body', 'PUT', '', undefined, /body/],
    ['a field too many', 'PUT', '', { offsetSeconds: 5, seconds: 5 }, /body.seconds: there is no such name; did you mean offsetSeconds/],
    ['more than ten years', 'PUT', '', { offsetSeconds: tenYears + 1 }, /offsetSeconds.* 315576000/],
    ['more than ten years back', 'PUT', '', { offsetSeconds: -tenYears - 1 }, /offsetSeconds.* -315576000/],
    ['no JSON', 'PUT', '', '{', /JSON/],
    ['infinity', 'PUT', '', '{"offsetSeconds":1e999}', /offsetSeconds/],
    ['an advance of nothing', 'POST', '/advance', {}, /seconds/],
    ['an advance beyond ten years', 'POST', '/advance', { seconds: tenYears }, /^offsetSeconds: must be at most 315576000$/],
    ['an advance of more than ten years', 'POST', '/advance', { seconds: tenYears + 1 }, /seconds/]
  ]
  for (const [what, method, path, body, description] of cases) {
    const answer = await call(method, `/lab/clock${path}`, body)
    t.match(answer, { status: 400, headers: { 'cache-control': 'no-store' } }, what)
    t.match(answer.body, { error: 'invalid_request', error_description: description }, what)
    t.strictSame(Object.keys(answer.body), ['error', 'error_description'], what)
  }
  t.equal(await offset(), day)
})

t.test('nobody moves it from another site', async t => {
  const { call, offset } = await start(t)
  const foreign = [{ 'sec-fetch-site': 'cross-site' }, { origin: 'http://app.localhost:3000' }, { host: 'evil.example' }]
  for (const headers of foreign) {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PUT', '', { offsetSeconds: day }],
      ['POST', '/advance', { seconds: day }],
      ['DELETE', '', undefined]
    ] as const) {
      t.match(await call(method, `/lab/clock${path}`, body, headers as Record<string, string>), {
        status: 403, body: { error: 'access_denied', error_description: /\.$/ }
      }, `${method} ${JSON.stringify(headers)}`)
    }
  }
  t.equal(await offset(), 0)
})

t.test('requests with clocks of their own do not see each other, also when they bring a body', async t => {
  await start(t)
  const app = newApp()
  t.teardown(() => app.close())
  const clocks: Record<string, { offsetMs: number }> = { early: { offsetMs: -day * 1000 }, late: { offsetMs: day * 1000 } }
  handleByClock(app, request => clocks[String(request.headers['x-clock'])]!)
  app.post('/time', { preHandler: async request => { request.headers['x-first'] = String(Date.now()) } }, async request =>
    [aheadByDays(Number(request.headers['x-first'])), aheadByDays(Date.now()), (request.body as string).length])
  await app.listen({ host: '127.0.0.1', port: 0 })

  const body = 'x'.repeat(500_000)
  const times = await Promise.all(['early', 'late', 'early', 'late'].map(async clock => {
    const headers = { 'x-clock': clock, 'content-type': 'text/plain' }
    const response = await fetch(`${app.listeningOrigin}/time`, { method: 'POST', headers, body })
    return await response.json()
  }))
  t.strictSame(times, [[-1, -1, body.length], [1, 1, body.length], [-1, -1, body.length], [1, 1, body.length]])
})

t.test('one call moves the clocks of others, and says which it could not', async t => {
  const app = newApp()
  t.teardown(() => app.close())
  const bodies: unknown[] = []
  app.put('/lab/clock', async request => {
    bodies.push(request.body)
    return {}
  })
  const withoutLab = newApp()
  t.teardown(() => withoutLab.close())
  for (const each of [app, withoutLab]) await each.listen({ host: '127.0.0.1', port: 0 })
  const silent = createServer()
  const nobody = createServer()
  for (const server of [silent, nobody]) await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => silent.close())
  const sockets = once(silent, 'connection')
  const urlOf = (server: typeof silent) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const gone = urlOf(nobody)
  nobody.close()

  t.strictSame(await moveOtherClocks([app.listeningOrigin, withoutLab.listeningOrigin, gone, urlOf(silent)], day), {
    [app.listeningOrigin]: 'moved',
    [withoutLab.listeningOrigin]: 'refused',
    [gone]: 'not reachable',
    [urlOf(silent)]: 'not reachable'
  })
  t.strictSame(bodies, [{ offsetSeconds: day }])
  const [socket] = await sockets
  socket.destroy()
})
