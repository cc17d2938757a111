// What a connection may bring, and how it ends: requests that are sent without waiting for answers, and the end of a service.
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { drain, drainMs, gracePeriodMs } from '#lib/server/graceful-close.ts'
import { health } from '#lib/server/health.ts'
import { buildServer } from '#lib/server/http-server.ts'
import { until } from '../helpers/until.ts'
import { serverConfig } from './server-config.ts'

/** A server whose `/slow` answers when it is told to, and the connections to it from both sides. */
async function start (t: Test) {
  const lines: string[] = []
  const app = buildServer(serverConfig({ log: { level: 'info', format: 'json', destination: { write: line => { lines.push(line) } } } }))
  t.teardown(() => app.close())
  const begun: string[] = []
  const waiting: (() => void)[] = []
  app.addHook('onRequest', async request => { begun.push(request.url) })
  app.get('/quick/:number', async ({ params }) => `${JSON.stringify(params)}\n`)
  app.get('/slow', () => new Promise(resolve => { waiting.push(() => resolve('done at last\n')) }))
  app.get('/events', (_request, reply) => {
    reply.hijack()
    reply.raw.setHeader('content-type', 'text/event-stream')
    reply.raw.write('event: ready\n\n')
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.post('/size', async ({ body }) => `${(body as Buffer).length} bytes\n`)

  return {
    app,
    begun,
    log: () => lines.map(line => (JSON.parse(line) as { msg: string }).msg),
    answerOne: () => waiting.shift()!(),
    async listen () {
      await app.listen({ host: '127.0.0.1', port: 0 })
    },
    async connect () {
      const accepted = once(app.server, 'connection') as Promise<[Socket]>
      const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
      client.setEncoding('latin1').on('error', () => {})
      t.teardown(() => client.destroy())
      const [server] = await accepted
      let received = ''
      client.on('data', text => { received += text })
      const closed = once(client, 'close')
      // Well below what a test may take, which would not say what it waited for.
      const closes = (what: string) => until(`${what} is closed`, () => client.closed, 5_000)
      return { client, server, received: () => received, closed, closes }
    }
  }
}

const get = (path: string, ...headers: string[]) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.map(line => `${line}\r\n`).join('')}\r\n`

const numbersIn = (answers: string) => [...answers.matchAll(/\{"number":"(\d+)"\}/g)].map(([, number]) => Number(number))

t.test('works on one request of a connection at a time, and reads no more meanwhile', async t => {
  const { listen, connect, begun, answerOne } = await start(t)
  await listen()
  const { client, server, received } = await connect()
  const many = 20_000
  client.write(get('/slow') + Array.from({ length: many }, (_, number) => get(`/quick/${number}`)).join(''))
  await until('it has stopped reading', () => server.isPaused())
  t.strictSame(begun, ['/slow'])
  t.ok(client.writableLength > 0 || server.bytesRead < many * 35, 'most of it waits at the client, or on the way')

  answerOne()
  await until('all are answered', () => numbersIn(received()).length === many)
  t.strictSame(numbersIn(received()), Array.from({ length: many }, (_, number) => number), 'in order')
})

t.test('holds back as well where answers are not read', async t => {
  const { app, listen, connect, begun } = await start(t)
  app.get('/large', async () => 'x'.repeat(1_000_000))
  await listen()
  const { client, server, received } = await connect()
  client.pause()
  client.write(get('/large').repeat(300))
  await until('it has stopped reading', () => server.isPaused() && server.writableNeedDrain)
  t.ok(begun.length < 30, `${begun.length} of 300 were begun`)
  client.resume()
  await until('all are answered', () => received().length > 300_000_000)
})

t.test('cuts off who has not read an answer for longest, once too much waits', async t => {
  const { app, listen, connect } = await start(t)
  const megabytes = 1024 * 1024
  app.get('/huge', async () => 'x'.repeat(5 * megabytes))
  await listen()
  const ask = async () => {
    const connection = await connect()
    connection.client.pause()
    connection.client.write(get('/huge'))
    await until('it is answered', () => connection.server.destroyed || connection.server.writableLength > megabytes)
    return connection
  }
  const slow = [await ask(), await ask(), await ask()]
  t.notOk(slow.some(({ server }) => server.destroyed), 'three of five megabytes wait')
  const fourth = await ask()
  t.same(slow.map(({ server }) => server.destroyed), [true, false, false])
  for (const { client } of [...slow.slice(1), fourth]) client.resume()
  await until('the others get everything', () => [...slow.slice(1), fourth].every(({ received }) => received().length > 5 * megabytes))

  for (let read = 0; read < 5; read++) {
    const { client, received } = await connect()
    client.write(get('/huge'))
    await until('it is read', () => received().length > 5 * megabytes)
  }
  t.notOk(fourth.server.destroyed, 'what has been read does not count')
})

t.test('cuts off who reads nothing of an answer for two minutes', async t => {
  const { app, listen } = await start(t)
  await listen()
  t.equal(app.server.timeout, 120_000)
})

t.test('takes bodies of any content between requests that are sent at once', async t => {
  const { listen, connect } = await start(t)
  await listen()
  const { client, received } = await connect()
  const bodies = ['', 'a', '\r\n\r\n'.repeat(50_000), get('/quick/1').repeat(1_000), 'x'.repeat(300_000)]
  client.write(bodies.map(body =>
    `POST /size HTTP/1.1\r\nHost: x\r\nContent-Type: text/x\r\nContent-Length: ${body.length}\r\n\r\n${body}`).join('') + get('/quick/2'))
  await until('all are answered', () => numbersIn(received()).length === 1)
  t.strictSame([...received().matchAll(/(\d+) bytes/g)].map(([, size]) => Number(size)), bodies.map(({ length }) => length))
  t.strictSame(numbersIn(received()), [2])
})

t.test('looks at nothing that comes after a request which ends the connection', async t => {
  const { listen, connect, begun } = await start(t)
  await listen()
  const { client, closed, received } = await connect()
  client.write(get('/quick/1', 'Connection: close') + get('/quick/2'))
  await closed
  t.strictSame([numbersIn(received()), begun], [[1], ['/quick/1']])
})

t.test('leaves what follows a handshake to the protocol that was changed to', async t => {
  const { app, listen, connect } = await start(t)
  app.server.on('upgrade', (_request, socket: Socket, head: Buffer) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.unshift(head)
    socket.pipe(socket)
  })
  await listen()
  const { client, received } = await connect()
  client.write(`${get('/quick/1')}${get('/echo', 'Connection: Upgrade', 'Upgrade: echo')}first\r\n\r\nsecond`)
  await until('the first bytes are echoed', () => received().endsWith('first\r\n\r\nsecond'))
  client.write('third')
  await until('later ones are too', () => received().endsWith('secondthird'))
  t.strictSame(numbersIn(received()), [1])
})

t.test('before it ends, whoever asks whether it is ready gets no answer, and goes elsewhere, and all else is answered', async t => {
  const { app, listen, connect } = await start(t)
  await app.register(health)
  await listen()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const drained = drain(app.server)
  const [asking, sending] = [await connect(), await connect()]
  asking.client.write(get('/readyz'))
  await asking.closes('the one that asks')
  t.equal(asking.received(), '')
  sending.client.write('POST /size HTTP/1.1\r\nHost: x\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nhi')
  await once(sending.client, 'data')
  t.match(sending.received(), '2 bytes')
  mock.timers.tick(drainMs)
  await drained
})

t.test('when it ends, connections without a request end at once, and a request that was begun is answered', async t => {
  const { app, listen, connect, begun, answerOne } = await start(t)
  await listen()
  const [fresh, idle, busy, stream] = [await connect(), await connect(), await connect(), await connect()]
  idle.client.write(get('/quick/1'))
  stream.client.write(get('/events'))
  busy.client.write(get('/slow'))
  await until('each has what it waits for', () =>
    numbersIn(idle.received()).length === 1 && stream.received().includes('ready') && begun.includes('/slow'))

  const closing = app.close()
  for (const [what, connection] of Object.entries({ fresh, idle, stream })) await connection.closes(`the ${what} one`)
  t.equal(busy.received(), '')
  answerOne()
  await busy.closes('the busy one')
  await closing
  t.match(busy.received(), 'done at last')
})

t.test('when it ends, what does not is cut after the grace period, and the log says what', async t => {
  const { app, listen, connect, begun, log } = await start(t)
  await listen()
  const idle = await connect()
  const { client, closes, received } = await connect()
  client.write(get('/slow?code=secret-1'))
  await until('it has begun', () => begun.length === 1)

  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const closing = app.close()
  await idle.closes('the idle one')
  mock.timers.tick(gracePeriodMs - 1)
  t.equal(client.destroyed, false)
  mock.timers.tick(1)
  await closes('the busy one')
  await closing
  t.equal(received(), '')
  t.ok(log().includes('cut after 8 s, as this service ends: GET /slow?code=…'), log().join('\n'))
})
