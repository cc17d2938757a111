import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { realNow } from '#lib/clock.ts'
import { buildServer } from '#lib/http-server.ts'
import { handleByClock, labClock, moveOthers } from '#lib/lab-clock.ts'
import { fetch } from '#lib/outbound.ts'
import { openStore } from '#lib/store.ts'
import { serverConfig } from './server-config.ts'

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
  const store = openStore(join(folder, `${name}.sqlite`))
  app.addHook('onClose', async () => store.close())
  await app.register(labClock, { url, store, onMoved })
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
    ['a field too many', 'PUT', '', { offsetSeconds: 5, seconds: 5 }, /additional/],
    ['more than ten years', 'PUT', '', { offsetSeconds: tenYears + 1 }, /offsetSeconds.* 315576000/],
    ['more than ten years back', 'PUT', '', { offsetSeconds: -tenYears - 1 }, /offsetSeconds.* -315576000/],
    ['no JSON', 'PUT', '', '{', /JSON/],
    ['infinity', 'PUT', '', '{"offsetSeconds":1e999}', /offsetSeconds/],
    ['an advance of nothing', 'POST', '/advance', {}, /seconds/],
    ['an advance beyond ten years', 'POST', '/advance', { seconds: tenYears }, /ten years/],
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

  t.strictSame(await moveOthers([app.listeningOrigin, withoutLab.listeningOrigin, gone, urlOf(silent)], day), {
    [app.listeningOrigin]: 'moved',
    [withoutLab.listeningOrigin]: 'refused',
    [gone]: 'not reachable',
    [urlOf(silent)]: 'not reachable'
  })
  t.strictSame(bodies, [{ offsetSeconds: day }])
  const [socket] = await sockets
  socket.destroy()
})
