import { get } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { health } from '#lib/health.ts'
import { buildServer } from '#lib/http-server.ts'
import { serverConfig } from './server-config.ts'

async function build (t: Test, notReady?: () => string | undefined) {
  const lines: string[] = []
  const app = buildServer(serverConfig({
    log: { level: 'trace', format: 'json', destination: { write: line => { lines.push(line) } } }
  }))
  t.teardown(() => app.close())
  await app.register(health, notReady ? { notReady } : {})
  app.get('/greeting/:name', async () => 'hello')
  app.get('/failure', async request => {
    const err = Object.assign(new Error('the peer failed', { cause: new Error('cause-with-a-token') }), { body: 'body-with-a-token' })
    request.log.error({ err }, 'a request failed')
    throw err
  })
  return { app, messages: () => lines.map(line => JSON.parse(line) as { level: number, msg: string }), log: () => lines.join('') }
}

t.test('logs one line a request, with the names of its parameters and none of their values', async t => {
  const { app, messages, log } = await build(t)
  await app.inject({ url: '/greeting/ann?code=secret-1&state=secret-2&code=secret-3', headers: { cookie: 'session=secret-4', authorization: 'Bearer secret-5' } })
  t.match(messages(), [{ level: 30, msg: /^GET \/greeting\/ann\?code=…&state=… 200 \d+ ms$/ }])
  t.equal(messages().length, 1)
  t.notMatch(log(), /secret-/)
})

t.test('logs what it has no route for without its parameters too', async t => {
  const { app, messages, log } = await build(t)
  await app.inject('/nowhere?token=secret-1')
  t.ok(messages().some(({ msg }) => /^GET \/nowhere\?token=… 404/.test(msg)))
  t.notMatch(log(), /secret-/)
})

t.test('writes one line whatever the names of the parameters are', async t => {
  const { app, messages } = await build(t)
  await app.inject('/greeting/ann?a%0A%5B00:00%5D%20forged%1B%5B31m=1')
  t.match(messages(), [{ msg: /^GET \/greeting\/ann\?a%0A%5B00%3A00%5D%20forged%1B%5B31m=… 200 / }])
})

t.test('does not wait for ever for a request whose body never ends', async t => {
  const { app } = await build(t)
  t.ok(app.server.requestTimeout > 0 && app.server.requestTimeout <= 300_000)
})

t.test('logs a path that is no URL as it came', async t => {
  const { app, messages } = await build(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '//?code=secret-1' }, response => response.resume().once('end', resolve)).once('error', reject)
  })
  t.ok(messages().some(({ msg }) => /^GET \/\/\?code=… 404/.test(msg)))
})

t.test('leaves health checks out of the log', async t => {
  const { app, messages } = await build(t)
  await app.inject('/livez')
  await app.inject('/readyz')
  t.same(messages(), [])
})

t.test('logs an error with its stack and without its cause and other properties', async t => {
  const { app, log, messages } = await build(t)
  await app.inject('/failure?code=secret-1')
  const line = messages().find(({ level }) => level === 50)
  t.match(line, { msg: 'a request failed', err: { type: 'Error', message: 'the peer failed', stack: /http-server\.test\.ts/ } })
  t.notMatch(log(), /with-a-token|secret-/)
})

t.test('is ready when nothing says otherwise', async t => {
  const { app } = await build(t)
  const response = await app.inject('/readyz')
  t.equal(response.statusCode, 200)
  t.same(response.json(), { status: 'ready' })
})

t.test('is up but not ready while there is a reason, and says the reason', async t => {
  let reason: string | undefined = 'the peer is late'
  const { app } = await build(t, () => reason)
  t.equal((await app.inject('/livez')).statusCode, 200)
  const response = await app.inject('/readyz')
  t.equal(response.statusCode, 503)
  t.same(response.json(), { status: 'not ready', reason: 'the peer is late' })
  t.match(response.headers, { 'retry-after': /^\d+$/, 'cache-control': 'no-store' })

  reason = undefined
  t.equal((await app.inject('/readyz')).statusCode, 200)
})
